"""The console is for everyone: for screen readers, in the dark, on a phone; and it trusts no text.

The place is made up, and every text that can come from elsewhere is hostile.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.ui.browser.conftest import Sight, let_in
from vertex_flow.ui.entry import Entry

PAGES = (
    "runs",
    "runs?q=nothing",
    "runs/one",
    "runs/one/trials",
    "runs/one/logs",
    "runs/one/artifacts/prepare/test_data",
    "compare?run=one&run=two",
    "compare?run=one&run=two&all=1",
    "models",
    "models/7/1",
    "endpoints",
    "endpoints/9",
)
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ACTS = "document.querySelectorAll('main script, main img[onerror], main iframe, main style').length"


def faults(page: Page, **options: object) -> list[str]:
    """Give the serious faults that axe finds."""
    found = Axe().run(page, options=dict(options)).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.fixture(scope="module")
def visit(chromium: Browser, hostile: Entry) -> Iterator[Sight]:
    yield from let_in(chromium, hostile.url())


@pytest.fixture(scope="module", params=PAGES)
def opened(visit: Sight, request: pytest.FixtureRequest) -> Page:
    """Each page in turn, opened once for all the tests."""
    return visit.open(request.param)


def test_text_stays_text(opened: Page) -> None:
    assert opened.evaluate(ACTS) == 0


def test_everyone_can_use_it(opened: Page) -> None:
    assert faults(opened) == []


def test_it_can_be_read_in_the_dark(opened: Page) -> None:
    opened.emulate_media(color_scheme="dark")
    found = faults(opened, runOnly=["color-contrast"])
    opened.emulate_media(color_scheme="light")
    assert found == []


def test_it_fits_a_phone(opened: Page) -> None:
    opened.set_viewport_size({"width": 390, "height": 844})
    over = opened.evaluate(OVER)
    opened.set_viewport_size({"width": 1280, "height": 900})
    assert over == 0


def test_the_door_is_for_everyone(hostile_sight: Sight) -> None:
    hostile_sight.page.context.clear_cookies()
    page = hostile_sight.open("runs")
    hostile_sight.errors.clear()  # the browser tells of the status 401
    assert faults(page) == []
    assert page.evaluate(ACTS) == 0


def test_an_error_is_for_everyone(hostile_sight: Sight) -> None:
    page = hostile_sight.open("runs/<b>")
    hostile_sight.errors.clear()  # the browser tells of the status 404
    assert faults(page) == []
