"""Debian's Chromium, driven by Playwright, with nothing but loopback in its reach."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.ui.browser.shown import Shown, shown
from tests.ui.told import HOSTILE, START, ToldSite, facts
from vertex_flow.report.columns import SECTIONS
from vertex_flow.report.comparison import ComparedRun, Comparison, Row
from vertex_flow.report.facts import RunFacts
from vertex_flow.ui.app import application
from vertex_flow.ui.entry import Entry

__all__ = ["shown"]


@attrs.frozen
class Sight:
    """A page of a browser that was let in, and what was wrong with it.

    Attributes:
        page: The page.
        base: The root of the console.
        outside: URLs of requests that would have left this machine.
        errors: What the page has said on its console.
    """

    page: Page
    base: str
    outside: list[str] = attrs.field(factory=list)
    errors: list[str] = attrs.field(factory=list)

    def open(self, path: str) -> Page:
        """Open a page below /console/."""
        self.page.goto(self.base + path)
        return self.page

    def keep_inside(self, route: Route) -> None:
        """Let a request through that stays on this machine."""
        url = urlsplit(route.request.url)
        if url.hostname == "127.0.0.1" or url.scheme == "data":
            route.continue_()
            return
        self.outside.append(route.request.url)
        route.abort()


@pytest.fixture(scope="module")  # Playwright's event loop is in the way of other tests
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)  # for machines with much else to do
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Known(ToldSite):
    """A place in which it is known what run has made a model, and what differs between runs."""

    def maker(self, model: str, version: str) -> RunFacts | None:
        return self.told

    def run(self, job_id: str) -> Any:
        return Differing(super().run("one") if job_id == "two" else super().run(job_id))


@attrs.frozen
class Differing:
    """A run that differs from others in all ways, and in hostile words."""

    run: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.run, name)

    def diff(self, *others: Any) -> Comparison:
        runs = tuple(
            ComparedRun(
                name=name, job_id=name, flow=HOSTILE, state=state, place=HOSTILE, start=START
            )
            for name, state in (("one", "SUCCEEDED"), ("two", "FAILED"))
        )
        rows = tuple(
            Row(section=section, name=HOSTILE, values=(HOSTILE, None), same=False, note=HOSTILE,
                best=0, lines=(f"-{HOSTILE}", f"+{HOSTILE}"))
            for section in SECTIONS
        )  # fmt: skip
        return Comparison(runs=runs, rows=rows)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entry]:
    """A made-up place, with hostile text wherever text can come from elsewhere."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    file = folder / "artifact.html"
    file.write_text(HOSTILE * 100)
    site = Known(facts(HOSTILE, uri=str(file)), log=HOSTILE, home=folder)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        entry = Entry(secret="secret", port=listener.getsockname()[1])
        app = application(site, entry, HOSTILE)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield entry
        server.should_exit = True
        thread.join()


@pytest.fixture
def sight(chromium: Browser, shown: Shown) -> Iterator[Sight]:
    """A fresh browser that was let in; afterwards no error and no request outside is seen."""
    yield from let_in(chromium, shown.url())


@pytest.fixture
def hostile_sight(chromium: Browser, hostile: Entry) -> Iterator[Sight]:
    """The same, at the made-up place."""
    yield from let_in(chromium, hostile.url())


def let_in(chromium: Browser, url: str) -> Iterator[Sight]:
    """Let a fresh browser in, and look afterwards that nothing was wrong."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    found = Sight(page, url.partition("?")[0])
    context.route("**/*", lambda route: found.keep_inside(route))  # noqa: PLW0108 - it is marked
    page.on("console", lambda said: said.type == "error" and found.errors.append(said.text))
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    context.request.get(url, max_redirects=0)  # the cookie, without a page that nobody looks at
    yield found
    context.close()
    assert found.outside == []
    assert found.errors == []
