from __future__ import annotations

from typing import Any

import pytest

from vertex_flow.engine.pipelines.conditions import ConditionError, parse

X = "inputs.parameter_values['x']"


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        (f"{X} == 'heads'", "heads", True),
        (f"{X} != 'heads'", "heads", False),
        (f"int({X}) > 3", 4, True),
        (f"int({X}) > 3", "3", False),
        (f"{X} >= 0.975", 0.98, True),
        (f"double({X}) < 1e-3", 0.5, False),
        (f"{X} == true", True, True),
        (f"{X} == 1", True, False),
        (f"!({X} == 'a') && {X} == 'b'", "b", True),
        (f"{X} == 'a' || {X} == 'b' && false", "b", False),
        (f"({X} == 'a' || {X} == 'b') && true", "b", True),
        (f"!!({X} == -1)", -1, True),
        (f"string({X}) == '5'", 5, True),
        (f'{X} == "it\'s"', "it's", True),
        (r"inputs.parameter_values['x'] == 'it\'s'", "it's", True),
        ("inputs.parameter_values['pipelinechannel--a-b']==3", 0, True),
    ],
)
def test_a_condition_is_told(text: str, x: Any, expected: bool) -> None:
    assert parse(text).holds({"x": x, "pipelinechannel--a-b": 3}) is expected


@pytest.mark.parametrize(
    "text", ["", "1 +", "(true", "true)", "'open", "int 3", "a.b", "true true", "== 3", "int()"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConditionError, match="cannot be read at"):
        parse(text)


def test_a_parameter_without_a_value_is_named() -> None:
    with pytest.raises(ConditionError, match="needs 'x', which has no value"):
        parse(f"{X} == 1").holds({})


def test_values_that_have_no_order_are_shown() -> None:
    with pytest.raises(ConditionError, match="cannot compare 'a' with 3"):
        parse(f"{X} > 3").holds({"x": "a"})


def test_a_value_that_is_no_number_is_shown() -> None:
    with pytest.raises(ConditionError, match="cannot read 'many' as int"):
        parse(f"int({X}) > 3").holds({"x": "many"})


def test_only_a_bool_is_an_answer() -> None:
    with pytest.raises(ConditionError, match="is 3: expected true or false"):
        parse(X).holds({"x": 3})


@pytest.mark.parametrize("text", ["(" * 3000 + "true", "!" * 3000 + "true", "-" * 3000 + "1 == 1"])
def test_a_condition_nested_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ConditionError, match=r"is nested too deep\.|cannot be read at"):
        parse(text)


def test_a_long_condition_is_refused() -> None:
    with pytest.raises(ConditionError, match="has 20004 characters; at most 10000 are allowed"):
        parse(" " * 20_000 + "true")


def test_a_number_of_many_digits_is_a_float() -> None:
    assert parse(f"{'9' * 5000} > 1").holds({})
