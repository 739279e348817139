"""Values of pipeline parameters, as they are written on a command line."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow import Param
from vertex_flow.arguments import parse

PARAMS = {
    one.name: one
    for one in (
        Param("text", ""),
        Param("number", 1),
        Param("share", 0.5),
        Param("fast", False),
        Param("words", [""]),
        Param("facts", {"a": 1}),
    )
}


def fault(text: str) -> str:
    values, faults = parse("sample", PARAMS, [text])
    assert values == {}
    (said,) = faults
    return said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("text=", ""),
        ("text=a=b", "a=b"),
        ("text=12", "12"),
        ("text=[red]\x1b[31m\n\u202e", "[red]\x1b[31m\n\u202e"),
        ("number=12", 12),
        ("number=-3", -3),
        ("share=3", 3.0),
        ("share=1e-3", 0.001),
        ("fast=true", True),
        ("fast=NO", False),
        ("fast=1", True),
        ('words=["a", "ä"]', ["a", "ä"]),
        ('facts={"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_a_value_is_read_by_the_type_of_its_parameter(text: str, value: Any) -> None:
    (found,) = parse("sample", PARAMS, [text])[0].values()
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("number", "'number': expected NAME=VALUE."),
        ("number=3.5", "number=3.5: expected a whole number, as 3."),
        ("number=", "number=: expected a whole number, as 3."),
        ("number=1_000", "number=1_000: expected a whole number, as 3."),
        ("share=x", "share=x: expected a finite number, as 0.5."),
        ("share=nan", "share=nan: expected a finite number, as 0.5."),
        ("share=-inf", "share=-inf: expected a finite number, as 0.5."),
        ("fast=maybe", "fast=maybe: expected true or false."),
        ("words={}", "words={}: expected a list as JSON, as '[\"a\", \"b\"]'."),
        (
            "words=[NaN]",
            "words=[NaN]: expected a list as JSON, as '[\"a\", \"b\"]' (NaN is no JSON).",
        ),
        (
            "facts=a",
            "facts=a: expected an object as JSON, as '{\"a\": 1}' (Expecting value).",
        ),
        (
            "numbr=3",
            "numbr=3: flow 'sample' has no parameter 'numbr'; it has text, number, share, fast, "
            "words, facts. Did you mean 'number'?",
        ),
    ],
)  # fmt: skip
def test_what_is_no_value_is_said_with_what_is_expected(text: str, said: str) -> None:
    assert fault(text) == said


def test_numbers_of_thousands_of_digits() -> None:
    assert fault(f"number={'9' * 5000}").endswith("expected a whole number of fewer digits.")


def test_json_that_is_nested_too_deeply() -> None:
    assert "expected a list as JSON" in fault(f"words={'[' * 100_000}")


def test_a_parameter_that_is_given_twice() -> None:
    assert parse("sample", PARAMS, ["number=1", "number=2"]) == (
        {"number": 1},
        ["number: given twice."],
    )


def test_every_fault_is_said() -> None:
    values, faults = parse("sample", PARAMS, ["number=x", "share=0.1", "fast=x"])
    assert (values, len(faults)) == ({"share": 0.1}, 2)


def test_a_flow_without_parameters() -> None:
    said = parse("sample", {}, ["a=1"])[1]
    assert said == ["a=1: flow 'sample' has no parameter 'a'; it has none."]
