"""Runs side by side, as text."""

from __future__ import annotations

import math

import pytest
from rich.cells import cell_len

from tests.jobs import spec
from tests.report.sides import HOSTILE, comparison, scored, side
from tests.runs.lab import edited
from tests.samples import Source, compiled
from vertex_flow import Param
from vertex_flow.report.columns import letter, word

PLAN = compiled(Source(size=Param("size", 3)))


def lines(text: str) -> list[str]:
    """Its lines without the runs above the table."""
    return [line for line in text.split("\n\n", 1)[1].split("\n") if line]


def test_runs_that_are_the_same() -> None:
    text = str(comparison(side(), side()))
    assert lines(text) == [
        "no difference: parameters, code, stages, settings and results are the same"
    ]


def test_what_differs_and_how_long_it_took() -> None:
    one, other = (side(*scored(accuracy=value)) for value in (0.5, 0.75))
    assert lines(str(comparison(one, other))) == [
        "                A    B",
        "Metrics",
        "  fit.accuracy  0.5  0.75  +0.25, B is better",
        "Seconds",
        "  fit           2.5  2.5",
    ]


def test_source_code_stands_below_the_table() -> None:
    other = edited(spec(), "file.write(str(rate))", "pass")
    assert str(comparison(side(), side(spec=other))).split("\n\n")[-1].split("\n") == [
        "fit source:",
        "@@ -7,3 +7,3 @@",
        '     """Make a model."""',
        '     with open(model.path, "w") as file:',
        "-        file.write(str(rate))",
        "+        pass",
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("width", [80, 200])
def test_names_and_values_of_any_kind(text: str, width: int) -> None:
    one = side(*scored(**{text: 1.0}), spec=PLAN, flow=text, values={"size": text})
    other = side(*scored(**{text: math.inf}), values={text: math.nan}, model={"name": text})
    shown = comparison(one, other).text(everything=True, width=width)
    assert max(map(cell_len, shown.split("\n"))) <= width
    assert all(char.isprintable() for char in shown.replace("\n", ""))


def test_long_values_are_cut_where_they_are_the_same() -> None:
    texts = [f"gs://bucket/{'folder/' * 9}{name}" for name in ("old.npz", "new.npz")]
    text = str(comparison(*(side(spec=PLAN, values={"size": one}) for one in texts)))
    assert "…older/old.npz" in text
    assert "…older/new.npz" in text


def test_ten_runs_fit() -> None:
    text = comparison(*(side(*scored(loss=index)) for index in range(10))).text()
    assert max(map(len, text.split("\n"))) <= 120


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "-"),
        ("", '""'),
        (True, "true"),
        (3.0, "3"),
        (0.1234567, "0.123457"),
        (["a", 1], '["a", 1]'),
        (f"file:///home/me/code@sha256:{'a' * 64}", "code@aaaaaaaaaaaa"),
    ],
    ids=repr,
)
def test_how_values_are_worded(value: object, said: str) -> None:
    assert word(value) == said


def test_letters_of_many_runs() -> None:
    assert [letter(index) for index in (0, 25, 26)] == ["A", "Z", "27"]
