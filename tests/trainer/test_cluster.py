"""What `TF_CONFIG` says of the replicas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainer.cluster import Replica, replica
from trainer.errors import TrainingError

PAIR = {"chief": ["a:1"], "worker": ["b:1"]}


def config(cluster: dict[str, Any], role: str, index: int = 0) -> dict[str, str]:
    content = {"cluster": cluster, "task": {"type": role, "index": index}, "environment": "cloud"}
    return {"TF_CONFIG": json.dumps(content)}


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": "{}"}])
def test_without_a_cluster_a_process_trains_alone(environment: dict[str, str]) -> None:
    assert replica(environment) == Replica()


def test_a_cluster_of_one_trains_alone() -> None:
    assert replica(config({"chief": ["a:1"]}, "chief")).count == 1


def test_the_chief_is_chief() -> None:
    assert replica(config(PAIR, "chief")) == Replica(role="chief", index=0, count=2, chief=True)


def test_a_worker_beside_a_chief_is_none() -> None:
    assert replica(config(PAIR, "worker")) == Replica(role="worker", index=0, count=2, chief=False)


@pytest.mark.parametrize(("index", "chief"), [(0, True), (1, False)])
def test_without_a_chief_the_first_worker_is(index: int, chief: bool) -> None:
    assert replica(config({"worker": ["a:1", "b:1"]}, "worker", index)).chief is chief


@pytest.mark.parametrize("role", ["ps", "evaluator"])
@pytest.mark.parametrize("of", ["this", "another"])
def test_other_roles_are_refused(role: str, of: str) -> None:
    environment = config(PAIR | {role: ["c:1"]}, role if of == "this" else "chief")
    with pytest.raises(TrainingError) as caught:
        replica(environment)
    assert str(caught.value) == (
        f"TF_CONFIG has the role '{role}'; replicas here mirror each other as 'chief' and "
        "'worker': leave worker pools 2 and 3 of the job empty"
    )


def test_an_evaluator_outside_the_cluster_is_refused() -> None:
    with pytest.raises(TrainingError, match="the role 'evaluator'"):
        replica(config(PAIR, "evaluator"))


def test_an_index_outside_the_cluster() -> None:
    with pytest.raises(TrainingError) as caught:
        replica(config(PAIR, "worker", 4))
    expected = "TF_CONFIG says that this is worker 4, and its cluster has 1 workers"
    assert str(caught.value) == expected


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": {"worker": ["a:1", "b:1"]}}', "3"])
def test_a_malformed_configuration(text: str) -> None:
    with pytest.raises(TrainingError) as caught:
        replica({"TF_CONFIG": text})
    assert str(caught.value).startswith('TF_CONFIG is malformed; expected {"cluster": {"chief"')
    assert str(caught.value).endswith(f"got {text}")
