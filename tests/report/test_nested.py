"""Nested plain values."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vertex_flow.report.nested import flatten, prefix, same, short


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (3, {"x": 3}),
        ({"a": {"b": 1}, "c": 2}, {"x.a.b": 1, "x.c": 2}),
        (["a", "b"], {"x": ["a", "b"]}),
        ([{"a": 1}, {"a": 2}], {"x[0].a": 1, "x[1].a": 2}),
        ([{"a": 1}, 2], {"x[0].a": 1, "x[1]": 2}),
        (
            [{"parameter_id": "rate", "max": 1}, {"parameter_id": "units", "max": 9}],
            {
                "x[rate].parameter_id": "rate",
                "x[rate].max": 1,
                "x[units].parameter_id": "units",
                "x[units].max": 9,
            },
        ),
        ([{"name": "a"}, {"name": "a"}], {"x[0].name": "a", "x[1].name": "a"}),
        ({}, {"x": {}}),
    ],
    ids=repr,
)
def test_values_have_paths(value: Any, paths: dict[str, Any]) -> None:
    assert dict(flatten(value, "x")) == paths


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (math.nan, math.nan, True),
        ({"a": [math.nan]}, {"a": [math.nan]}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [1], False),
        ("1", 1, False),
        (None, 0, False),
    ],
    ids=repr,
)
def test_whether_values_are_the_same(one: Any, other: Any, equal: bool) -> None:
    assert same([one, other]) is equal


@pytest.mark.parametrize(
    ("texts", "length"),
    [(["abc", "abd"], 2), (["ab", "abc"], 2), (["x", "y"], 0), (["a", "a"], 0), ([], 0)],
    ids=repr,
)
def test_how_much_texts_begin_alike(texts: list[str], length: int) -> None:
    assert prefix(texts) == length


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("train.worker_pool_specs[0].machine_spec.machine_type", "train.machine_type"),
        ("worker_pool_specs[0].replica_count", "replica_count"),
        ("worker_pool_specs[1].machine_spec.machine_type", "pool[1].machine_type"),
        ("t.study_spec_parameters[units].double_value_spec.max_value", "t.search[units].max_value"),
        ("study_spec_parameters[units].scale_type", "search[units].scale_type"),
        ("study_spec_metrics[loss].goal", "metrics[loss].goal"),
        ("rate", "rate"),
    ],
)
def test_paths_are_shortened(path: str, said: str) -> None:
    assert short(path) == said
