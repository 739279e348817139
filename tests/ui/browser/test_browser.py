"""The console in a real browser, as people use it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.ui.browser.conftest import Sight, let_in
from tests.ui.browser.shown import Shown
from tests.ui.flows import waiting_flow
from vertex_flow import Run
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.ui import console_url

MARK = "window.stayed = true"
STAYED = "window.stayed === true"


def start_waiting(shown: Shown, job_id: str) -> tuple[Run, Path]:
    """Start a run that goes on when a file is there."""
    file = shown.folder / f"{job_id}.go"
    run = waiting_flow().run(
        shown.context, params={"file": str(file)}, job_id=job_id, wait=False, progress=None
    )
    return run, file


def test_the_url_that_was_printed_leads_to_the_runs(sight: Sight, shown: Shown) -> None:
    sight.page.context.clear_cookies()
    sight.page.goto(shown.url())
    expect(sight.page.get_by_role("heading", level=1)).to_have_text("Runs")
    assert "key" not in sight.page.url


def test_from_the_list_to_a_run(sight: Sight, shown: Shown) -> None:
    page = sight.open("runs")
    page.get_by_role("link", name=shown.digits.job_id).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(shown.digits.job_id)
    expect(page.get_by_role("region", name="Stages", exact=True)).to_contain_text("hyper-tune")


def test_a_run_goes_from_pending_to_succeeded_without_a_reload(sight: Sight, shown: Shown) -> None:
    run, file = start_waiting(shown, "live-1")
    page = sight.open(f"runs/{run.job_id}")
    page.evaluate(MARK)
    now = page.get_by_role("region", name="Running: wait-for")
    expect(now).to_contain_text("waiting <script>alert(1)</script>")
    last = page.get_by_role("region", name="Stages").get_by_role("row").filter(has_text="tell")
    expect(last).to_contain_text("pending")
    page.locator("#labels summary").click()
    file.touch()
    expect(page.locator("#said")).to_have_text("The run has succeeded.")
    expect(last).to_contain_text("succeeded")
    expect(now).to_have_count(0)
    expect(page.locator("#labels")).to_have_attribute("open", "")
    assert page.evaluate(STAYED)
    assert "succeeded" in page.title()


def test_a_new_run_comes_to_the_list_and_what_was_ticked_stays(sight: Sight, shown: Shown) -> None:
    page = sight.open("runs")
    page.get_by_label(f"Compare {shown.small[0]}").check()
    page.evaluate(MARK)
    run, file = start_waiting(shown, "live-2")
    row = page.get_by_role("row").filter(has_text=run.job_id)
    expect(row).to_contain_text("running")
    file.touch()
    expect(row).to_contain_text("succeeded")
    expect(page.get_by_label(f"Compare {shown.small[0]}")).to_be_checked()
    assert page.evaluate(STAYED)


def test_a_run_is_cancelled(sight: Sight, shown: Shown) -> None:
    run, _ = start_waiting(shown, "live-3")
    page = sight.open(f"runs/{run.job_id}")
    expect(page.get_by_role("region", name="Running: wait-for")).to_be_visible()
    page.locator("#cancel summary").click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.locator("#said")).to_have_text("The run was cancelled.")
    assert run.state == "CANCELLED"


def test_runs_are_filtered(sight: Sight, shown: Shown) -> None:
    page = sight.open("runs")
    page.get_by_label("Text").fill("SMALL-5")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(shown.small[1])


def test_two_runs_are_compared(sight: Sight, shown: Shown) -> None:
    page = sight.open("runs")
    button = page.get_by_role("button", name="Compare the chosen runs")
    expect(button).to_be_disabled()
    for one in shown.small:
        page.get_by_label(f"Compare {one}").check()
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 runs compared")
    row = page.get_by_role("region", name="Parameters").get_by_role("row").filter(has_text="size")
    assert sorted(row.get_by_role("cell").all_inner_texts()) == ["3", "5"]


def test_the_log_is_followed(sight: Sight, shown: Shown) -> None:
    run, file = start_waiting(shown, "live-4")
    page = sight.open(f"runs/{run.job_id}/logs")
    log = page.get_by_label("Log of wait-for")
    expect(log).to_contain_text("waiting")
    file.touch()
    expect(log).to_contain_text("it is there")


def test_from_a_model_to_what_it_was_made_of(sight: Sight, shown: Shown) -> None:
    page = sight.open("models")
    page.get_by_role("link", name="version 1").click()
    expect(page.locator("#origins")).to_contain_text("digits.npz")
    expect(page.get_by_role("region", name="Lineage")).to_contain_text("hyper-tune")
    page.get_by_role("link", name=shown.digits.job_id).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(shown.digits.job_id)


def endpoint_path(shown: Shown) -> str:
    endpoint = shown.digits.endpoint
    assert endpoint is not None
    return f"endpoints/{endpoint.id}"


def test_a_drawn_digit_gets_its_prediction(sight: Sight, shown: Shown) -> None:
    page = sight.open(endpoint_path(shown))
    box = page.locator("#pad").bounding_box()
    assert box is not None
    x, y, size = box["x"], box["y"], box["width"]
    page.mouse.move(x + 0.5 * size, y + 0.15 * size)
    page.mouse.down()
    page.mouse.move(x + 0.5 * size, y + 0.85 * size, steps=10)
    page.mouse.up()
    expect(page.locator("#answer")).to_have_text(re.compile(r"The model says 1, \d+\.\d %\."))
    assert page.locator("#bars li").count() == 10


def test_a_digit_is_drawn_by_keyboard(sight: Sight, shown: Shown) -> None:
    page = sight.open(endpoint_path(shown))
    page.locator("#pad").focus()
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_text(re.compile(r"The model says 1"))


def test_a_test_image_gets_its_prediction(sight: Sight, shown: Shown) -> None:
    page = sight.open(endpoint_path(shown))
    first = page.locator(".sample").first
    label = first.locator("img").get_attribute("alt")
    assert label is not None
    first.click()
    expected = label.removeprefix("Test image: ")
    expect(page.locator("#answer")).to_contain_text(f"The model says {expected}")


def test_instances_of_json_and_what_is_wrong_with_them(sight: Sight, shown: Shown) -> None:
    page = sight.open(endpoint_path(shown))
    page.locator("#rows summary").click()
    page.get_by_label("Instances").fill("[[1, 2]]")
    page.locator("#box").get_by_role("button").click()
    expect(page.locator("#box-said")).to_contain_text("784")
    page.get_by_label("Instances").fill(f"[[{', '.join(['0'] * 784)}]]")
    sight.errors.clear()  # the browser tells of the status 400
    page.locator("#box").get_by_role("button").click()
    expect(page.locator("#box-answer")).to_contain_text("[")


def test_requests_are_counted(sight: Sight, shown: Shown) -> None:
    page = sight.open(endpoint_path(shown))
    cell = page.get_by_role("region", name="Deployed models").locator("tbody td").nth(2)
    before = int(cell.inner_text())
    page.locator(".sample").first.click()
    expect(cell).to_have_text(str(before + 1))


def test_a_page_goes_on_when_the_engine_was_restarted(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with EmbeddedEngine.start(home, standing=True):
        looking = let_in(chromium, console_url(home))
        sight = next(looking)
        page = sight.open("runs")
    expect(page.locator("#away")).to_be_visible(timeout=30_000)
    with EmbeddedEngine.start(home, standing=True):
        expect(page.locator("#away")).to_be_hidden(timeout=30_000)
        sight.errors.clear()  # the browser tells of the requests that failed
        next(looking, None)


def test_the_list_is_walked_by_keyboard(sight: Sight, shown: Shown) -> None:
    page = sight.open("runs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Flow")).to_be_focused()


def test_without_a_key_the_page_says_how_to_get_in(sight: Sight, shown: Shown) -> None:
    sight.page.context.clear_cookies()
    page = sight.open("runs")
    expect(page.locator("main")).to_contain_text(f"vertex-flow ui --home {shown.home}")
    sight.errors.clear()  # the browser tells of the status 401
