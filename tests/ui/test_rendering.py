"""Pages from templates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.ui.told import HOSTILE
from vertex_flow.ui.rendering import drawing, number, page, tail, text, took

NOW = datetime.now(timezone.utc)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("<b>", "<b>"),
        (0.5, "0.5"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1, "é"], '[1, "é"]'),
        (["x" * 40] * 2, f'[\n "{"x" * 40}",\n "{"x" * 40}"\n]'),
        (True, "True"),
        ("", ""),
    ],
)
def test_values_in_words(value: Any, said: str) -> None:
    assert text(value) == said


def test_a_very_long_value_is_cut() -> None:
    assert text("x" * 10_000) == f"{'x' * 2000} … (10,000 characters)"


def test_no_number_is_a_dash() -> None:
    assert number(None) == "\N{EN DASH}"


def test_what_has_ended_took_its_time() -> None:
    assert took(NOW, NOW + timedelta(seconds=1.25)) == "1.2 s"


def test_what_goes_on_counts_whole_seconds() -> None:
    assert re.fullmatch(r"\d+ s", took(datetime.now(timezone.utc) - timedelta(seconds=5.5)))


def test_what_has_not_started_took_nothing() -> None:
    assert took(None) == "\N{EN DASH}"


@pytest.mark.parametrize(("name", "last"), [("a/b", "b"), ("a/b/", "b"), ("a", "a"), ("", "")])
def test_the_last_part_of_a_name(name: str, last: str) -> None:
    assert tail(name) == last


def test_what_is_put_into_a_page_is_text() -> None:
    assert "<script>" not in page("door.html", way_in=HOSTILE)


EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" width="3" />'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" {}>{}</svg>'


def test_a_drawing_keeps_what_is_drawn() -> None:
    assert drawing(SVG.format('width="3"', "<g><path d='M0 0'/></g>")) == SVG.format(
        'width="3"', '<g><path d="M0 0" /></g>'
    )


@pytest.mark.parametrize(
    "part",
    [
        "<script>alert(1)</script>",
        "<style>* {}</style>",
        "<foreignObject><p>a</p></foreignObject>",
        "<a href='javascript:alert(1)'><text>a</text></a>",
        "<image href='http://evil.example/a.png'/>",
    ],
)
def test_a_drawing_has_nothing_that_acts(part: str) -> None:
    assert (
        drawing(SVG.format('width="3"', part))
        == '<svg xmlns="http://www.w3.org/2000/svg" width="3" />'
    )


def test_a_drawing_has_no_handlers_and_no_style() -> None:
    found = drawing(SVG.format('onload="alert(1)" style="width:620px;height:auto"', ""))
    assert found == '<svg xmlns="http://www.w3.org/2000/svg" width="620" />'


def test_text_in_a_drawing_stays_text() -> None:
    assert "&lt;script&gt;" in drawing(SVG.format("", "<text>&lt;script&gt;</text>"))


def test_what_cannot_be_seen_is_shown_as_its_escape() -> None:
    said = page("door.html", way_in="a\tb\\t\r\nc\x1b[1m\u202ed é")
    assert '<pre class="command">a\tb\\t\nc\\x1b[1m\\u202ed é</pre>' in said
