"""Run-time values: how they are read, and what they are put in place of."""

from typing import Any

import pytest

from vertex_flow.components._values import parse_values, resolve_markers


def record(name: str, kind: str, text: str) -> str:
    return "\u241f".join([name, kind, text])


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("int", "5", 5),
        ("int", "5.0", 5),
        ("int", "-3", -3),
        ("int", "9007199254740993", 9007199254740993),
        ("float", "5", 5.0),
        ("float", "1e-4", 1e-4),
        ("bool", "True", True),
        ("bool", "false", False),
        ("str", "a\nb = {c}", "a\nb = {c}"),
        ("str", "", ""),
        ("list", "[1, 2]", [1, 2]),
        ("dict", '{"a": 1}', {"a": 1}),
    ],
)
def test_a_value_is_read_with_its_type(kind: str, text: str, expected: Any) -> None:
    found = parse_values(record("name", kind, text))["name"]
    assert (found, type(found)) == (expected, type(expected))


def test_several_values_are_read() -> None:
    text = "\u241e".join([record("a", "int", "1"), record("b", "str", "x")])
    assert parse_values(text) == {"a": 1, "b": "x"}


def test_no_text_holds_no_values() -> None:
    assert parse_values("") == {}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("int", "5.5"), ("int", ""), ("int", "inf"), ("bool", "yes"), ("list", "{}"), ("dict", "x")],
)
def test_a_value_of_another_type_is_refused_by_name(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^values: 'n' is not a valid {kind}: '{text}'\.$"):
        parse_values(record("n", kind, text))


def test_an_unknown_type_is_refused() -> None:
    message = "'n' has the type 'set': expected one of str, float, int, bool, list, dict"
    with pytest.raises(ValueError, match=message):
        parse_values(record("n", "set", "1"))


def test_a_malformed_record_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the record 'epochs=5' is malformed: expected name"):
        parse_values("epochs=5")


def test_separators_inside_a_text_stay_in_it() -> None:
    text = "a\u241eb\u241fc"
    values = f"{record('first', 'str', text)}\u241e{record('second', 'int', '5')}"
    assert parse_values(values) == {"first": text, "second": 5}


def test_markers_are_replaced_however_deep() -> None:
    tree = {"a": [{"b": {"$value": "n"}}, "text"], "c": {"$value": "n", "d": 1}}
    expected = {"a": [{"b": 7}, "text"], "c": {"$value": "n", "d": 1}}
    assert resolve_markers(tree, {"n": 7}) == expected


def test_a_marker_without_a_value_is_refused_with_the_names_given() -> None:
    with pytest.raises(ValueError, match=r"no value is given for 'n'\. Given: a, b\."):
        resolve_markers([{"$value": "n"}], {"b": 1, "a": 2})
