from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from vertex_flow.engine.pipelines.parameters import cast, fits, plain, text


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "3", [1, [2.5]], {"a": {"b": 1}}])
def test_a_value_is_read_back(value: Any) -> None:
    assert plain(json_format.ParseDict(value, struct_pb2.Value())) == value


def test_whole_numbers_are_ints() -> None:
    assert isinstance(plain(struct_pb2.Value(number_value=3.0)), int)


def test_huge_numbers_stay_floats() -> None:
    assert isinstance(plain(struct_pb2.Value(number_value=1e300)), float)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("NUMBER_INTEGER", "5", 5),
        ("NUMBER_INTEGER", 5.0, 5),
        ("NUMBER_DOUBLE", 5, 5.0),
        ("NUMBER_DOUBLE", "0.5", 0.5),
        ("BOOLEAN", "True", True),
        ("BOOLEAN", "false", False),
        ("STRING", "5", "5"),
        ("LIST", "[1]", [1]),
        ("STRUCT", '{"a": 1}', {"a": 1}),
        ("STRUCT", "not json", "not json"),
        ("LIST", None, None),
    ],
)
def test_a_value_gets_the_type_of_its_parameter(kind: str, value: Any, expected: Any) -> None:
    found = cast(kind, value)

    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("NUMBER_INTEGER", 5, True),
        ("NUMBER_INTEGER", 5.5, False),
        ("NUMBER_INTEGER", True, False),
        ("NUMBER_DOUBLE", 5, True),
        ("BOOLEAN", 1, False),
        ("LIST", {}, False),
        ("TASK_FINAL_STATUS", 5, True),
    ],
)
def test_a_value_fits_its_type_or_not(kind: str, value: Any, expected: bool) -> None:
    assert fits(kind, value) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a", "a"), (5, "5"), (0.5, "0.5"), (True, "true"), ([1], "[1]")]
)
def test_a_value_reads_as_json_in_a_text(value: Any, expected: str) -> None:
    assert text(value) == expected
