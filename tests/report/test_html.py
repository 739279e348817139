"""Pieces of HTML: nothing that is put into them acts."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from tests.report.pages import Page
from vertex_flow.report.html import render

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); '",
    "{{ 7 * 7 }}",
    "\x1b[31m\u202e\n",
    "x" * 10_000,
    "🎉",
)


def table(**values: object) -> Page:
    given = {"title": "", "header": [], "rows": [], "numbers": [], "marked": None, "notes": []}
    return Page(render("table", **{**given, **values}))


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_stay_texts(text: str) -> None:
    page = table(title=text, header=[text], rows=[[text]], notes=[text])
    quiet = table(title="a", header=["a"], rows=[["a"]], notes=["a"])
    assert page.tags == quiet.tags
    assert page.attributes == quiet.attributes == {"class", "scope", "style"}


def test_what_no_terminal_should_obey_is_an_escape_here_too() -> None:
    assert table(rows=[["\x1b[31m\u202e"]]).rows[-1] == ["\\x1b[31m\\u202e"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (0.123456, "0.1235"),
        (3.0, "3"),
        (None, "None"),
    ],
)
def test_numbers_are_short(value: object, text: str) -> None:
    assert table(rows=[[value]]).rows[-1] == [text]


def test_what_is_forgotten_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("table", title="")
