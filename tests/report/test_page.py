"""The report of a run: what it says, that it is one harmless file, and how a browser shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.report.examples import HOSTILE, facts, hostile, large
from vertex_flow.errors import SettingError
from vertex_flow.report.page import graph, page, write

CHROMIUM = Path("/usr/bin/chromium")
LIMIT = 3_000_000
TEXTS = (HOSTILE, "x" * 10_000 + "\n")


class Reader(HTMLParser):
    """What a browser finds in a page: elements, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The reports of some runs; each takes seconds to draw."""
    runs = {"usual": facts(), "harmless": hostile("plain"), "hostile": hostile(), "large": large()}
    return {name: page(run) for name, run in runs.items()}


@pytest.fixture(scope="module")
def made(pages: dict[str, str]) -> Reader:
    return Reader(pages["usual"])


def words(reader: Reader) -> str:
    return re.sub(r"\s+", " ", reader.text)


@pytest.mark.parametrize(
    "text",
    [
        "digits ✓ succeeded after 80.0 s",
        "run digits-1",
        "started 2026-08-01 12:00:00 UTC",
        "accuracy 0.9712 reaches the threshold of 0.9",
        "recall 0.5 misses the threshold of 0.6",
        "model digits, version 2 aliases: prod",
        "most time in tune, 75%",
        "machine-hours 0.123",
        "epochs 5",
        "team vision",
        "CPython 3.11",
        "data gs://b/data.npz",
        "✗ dog 88%",
        "is cat",
    ],
)
def test_it_says(made: Reader, text: str) -> None:
    assert text in words(made)


def test_nothing_is_loaded(made: Reader) -> None:
    loading = [one for one in made.attributes if one[1] in ("src", "srcset", "data", "action")]
    assert all(value.startswith("data:image/png;base64,") for _, _, value in loading)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(made.tags)


def test_its_policy_forbids_all_but_its_own_styles_and_images(made: Reader) -> None:
    assert (
        "meta",
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'",
    ) in made.attributes


def test_each_picture_has_its_numbers(made: Reader) -> None:
    assert made.tags.count("figure") == made.tags.count("figcaption")
    assert made.tags.count("details") >= made.tags.count("figure") - 3  # graph, history, endings


def test_no_id_stands_twice(made: Reader) -> None:
    ids = [value for _, name, value in made.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_tables_have_captions(made: Reader) -> None:
    assert made.tags.count("table") == made.tags.count("caption") > 5


@pytest.mark.parametrize("text", TEXTS, ids=["markup", "long"])
def test_no_element_and_no_attribute_comes_from_data(pages: dict[str, str], text: str) -> None:
    plain = Reader(pages["harmless"])
    attacked = Reader(pages["hostile"] if text == HOSTILE else page(hostile(text)))
    assert set(attacked.tags) <= set(plain.tags) | {"clippath", "lineargradient", "stop"}
    names = {(tag, name) for tag, name, _ in plain.attributes}
    assert {(tag, name) for tag, name, _ in attacked.attributes} <= names
    assert not [name for _, name, _ in attacked.attributes if name.startswith("on")]
    assert not [value for _, _, value in attacked.attributes if "javascript:" in value.lower()]


def test_control_characters_are_written_out(pages: dict[str, str]) -> None:
    found = {char for char in pages["hostile"] if not char.isprintable()}
    assert found <= {"\n"}


def test_a_large_run_stays_small(pages: dict[str, str]) -> None:
    assert len(pages["large"].encode()) < LIMIT


def test_a_run_without_anything() -> None:
    empty = facts(
        state="PENDING", start=None, end=None, parameters={}, labels={}, stages=(), searches=(),
        curves=(), scores=(), confusions=(), samples=(), machine_times=(), lineage=(),
        environment={}, model=None, endpoint=None,
    )  # fmt: skip
    assert "pending" in words(Reader(page(empty)))


def test_a_run_that_goes_on_says_when_it_was_seen() -> None:
    running = facts(state="RUNNING", end=None)
    text = words(Reader(page(running)))
    assert "running for 100.0 s" in text
    assert "2026-08-01 12:01:40 UTC: it goes on" in text


def test_a_failure_stands_above_all() -> None:
    failure = {"stage": "tune", "task": "job", "reason": "boom", "cause": "It fell.", "fix": "Up."}
    text = words(Reader(page(facts(state="FAILED", failure=failure))))
    assert text.index("Why it failed Stage tune, task job. It fell.") < text.index("At a glance")


def test_what_could_not_be_read_is_said() -> None:
    text = words(Reader(page(facts(notes=("the bucket is closed",)))))
    assert "What could not be read the bucket is closed" in text


def test_a_condition_that_does_not_hold_is_a_headline() -> None:
    text = words(Reader(page(facts(model=None, endpoint=None))))
    assert "left out serve the condition does not hold" in text


def test_the_graph_without_stages_is_nothing() -> None:
    assert graph(facts(stages=())) == ""


def test_writing_makes_folders(tmp_path: Path) -> None:
    path = write(facts(), tmp_path / "deep" / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        write(facts(), tmp_path)
    assert str(caught.value) == (
        f"report({str(tmp_path)!r}): the file cannot be written: Is a directory. Give the path of "
        "a file, for example 'report.html'."
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["usual", "hostile", "large"])
def test_a_browser_shows_it_offline(
    browser: Any, pages: dict[str, str], tmp_path: Path, kind: str, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(pages[kind], encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    shown = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(file.as_uri())
    shown.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    widths = shown.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert widths[0] <= widths[1]
