from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from vertex_flow.engine.pipelines.inputs import InputError
from vertex_flow.engine.pipelines.loops import at_once, iterations, own, pauses
from vertex_flow.engine.pipelines.values import Artifact, Ports


def _task(value: dict[str, Any]) -> Any:
    return json_format.ParseDict(value, pipeline_spec_pb2.PipelineTaskSpec())


def test_a_loop_over_written_items_has_one_iteration_each() -> None:
    task = _task({"parameterIterator": {"items": {"raw": "[1, 2]"}, "itemInput": "i"}})

    found = iterations(task, Ports(parameters={"x": 0}))

    assert [one.parameters for one in found] == [{"x": 0, "i": 1}, {"x": 0, "i": 2}]


def test_a_loop_over_artifacts_has_one_iteration_each() -> None:
    task = _task({"artifactIterator": {"items": {"inputArtifact": "all"}, "itemInput": "one"}})
    files = tuple(Artifact(name=name, key="file", uri=name) for name in "ab")

    found = iterations(task, Ports(artifacts={"all": files}))

    assert [one.artifacts["one"] for one in found] == [(files[0],), (files[1],)]


def test_what_is_no_list_cannot_be_looped_over() -> None:
    task = _task({"parameterIterator": {"items": {"inputParameter": "x"}, "itemInput": "i"}})

    with pytest.raises(InputError, match="a loop goes over 5: expected a list"):
        iterations(task, Ports(parameters={"x": 5}))


def test_pauses_grow_up_to_the_longest() -> None:
    policy = _task(
        {
            "retryPolicy": {
                "maxRetryCount": 4,
                "backoffDuration": "10s",
                "backoffFactor": 3,
                "backoffMaxDuration": "60s",
            }
        }
    ).retry_policy

    assert list(islice(pauses(policy), 9)) == [10, 30, 60, 60]


def test_a_loop_has_an_end() -> None:
    task = _task({"parameterIterator": {"items": {"inputParameter": "x"}, "itemInput": "i"}})

    with pytest.raises(InputError, match="a loop goes over 10001 items: at most 10000 are run"):
        iterations(task, Ports(parameters={"x": [0] * 10_001}))


def test_an_iteration_shows_its_own_item_alone() -> None:
    task = _task({"parameterIterator": {"items": {"inputParameter": "all"}, "itemInput": "one"}})
    first = iterations(task, Ports(parameters={"all": [1, 2], "x": 0}))[0]

    assert first.parameters == {"all": [1, 2], "one": 1, "x": 0}
    assert own(task, first).parameters == {"one": 1, "x": 0}


@pytest.mark.parametrize(("limit", "expected"), [(0, 64), (3, 3), (1000, 64)])
def test_iterations_are_limited(limit: int, expected: int) -> None:
    assert at_once(_task({"iteratorPolicy": {"parallelismLimit": limit}})) == expected
