"""Debian's Chromium, driven by Playwright, with nothing but loopback in its reach."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import attrs
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.ui.browser.shown import Shown, shown

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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def sight(chromium: Browser, shown: Shown, request: pytest.FixtureRequest) -> Iterator[Sight]:
    """A fresh browser that was let in; afterwards no error and no request outside is seen."""
    settings = getattr(request, "param", {})
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, **settings)
    page = context.new_page()
    page.set_default_timeout(30_000)
    found = Sight(page, shown.base)
    context.route("**/*", lambda route: found.keep_inside(route))  # noqa: PLW0108 - it is marked
    page.on("console", lambda said: said.type == "error" and found.errors.append(said.text))
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    page.goto(shown.url())
    yield found
    context.close()
    assert found.outside == []
    assert found.errors == []
