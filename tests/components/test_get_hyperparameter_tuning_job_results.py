import json
from pathlib import Path
from typing import Any

import pytest
from kfp.dsl import Markdown

from tests.components.conftest import PARENT, Vertex
from vertex_flow.components import GetHyperparameterTuningJobResultsOp

JOB = f"{PARENT}/hyperparameterTuningJobs/42"
RESOURCES = json.dumps(
    {
        "resources": [
            {
                "resourceType": "HyperparameterTuningJob",
                "resourceUri": f"https://europe-west4-aiplatform.googleapis.com/v1/{JOB}",
            }
        ]
    }
)
PARAMETERS = [
    {"parameterId": "rate", "doubleValueSpec": {"minValue": 0.1, "maxValue": 1}},
    {
        "parameterId": "kind",
        "categoricalValueSpec": {"values": ["a", "b"]},
        "conditionalParameterSpecs": [
            {
                "parameterSpec": {
                    "parameterId": "depth",
                    "integerValueSpec": {"minValue": 1, "maxValue": 9},
                }
            }
        ],
    },
    {"parameterId": "units", "discreteValueSpec": {"values": [64, 128]}},
    {"parameterId": "half", "discreteValueSpec": {"values": [0.5, 1]}},
]


def trial(id: int, value: Any = None, state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    measured = {"finalMeasurement": {"metrics": [{"metricId": "score", "value": value}]}}
    given = {"parameterId": "rate", "value": id / 10}
    return {
        "id": str(id),
        "state": state,
        "parameters": [given],
        **(measured if value is not None else {}),
        **more,
    }


def job(*trials: dict[str, Any], goal: str = "MAXIMIZE", **changes: Any) -> dict[str, Any]:
    study = {"metrics": [{"metricId": "score", "goal": goal}], "parameters": PARAMETERS}
    return {
        "name": JOB,
        "state": "JOB_STATE_SUCCEEDED",
        "studySpec": study,
        "trials": list(trials),
    } | changes


@pytest.fixture
def table(tmp_path: Path) -> Markdown:
    return Markdown(uri=str(tmp_path / "new" / "table.md"))


def read(table: Markdown) -> tuple[Any, ...]:
    result: tuple[Any, ...] = GetHyperparameterTuningJobResultsOp.python_func(
        gcp_resources=RESOURCES, trials_table=table
    )
    return result


@pytest.mark.parametrize(("goal", "best"), [("MAXIMIZE", "2"), ("MINIMIZE", "3")])
def test_the_best_trial_follows_the_goal(
    goal: str, best: str, vertex: Vertex, table: Markdown
) -> None:
    vertex.serve("GET", JOB, job(trial(1, 0.5), trial(2, 0.9), trial(3, 0.1), goal=goal))
    assert read(table)[2] == best


def test_the_earliest_of_equal_trials_is_the_best(vertex: Vertex, table: Markdown) -> None:
    vertex.serve("GET", JOB, job(trial(10, 0.9), trial(2, 0.9), trial(1, 0.5)))
    assert read(table)[:3] == ({"rate": 0.2}, 0.9, "2")


def test_parameters_keep_their_types(vertex: Vertex, table: Markdown) -> None:
    given = {"rate": 1, "kind": "a", "depth": 3, "units": 128, "half": 1}
    parameters = [{"parameterId": key, "value": value} for key, value in given.items()]
    vertex.serve("GET", JOB, job(trial(1, 0.5, parameters=parameters)))
    found = read(table)[0]
    assert {key: (value, type(value)) for key, value in found.items()} == {
        "rate": (1.0, float),
        "kind": ("a", str),
        "depth": (3, int),
        "units": (128, int),
        "half": (1.0, float),
    }


@pytest.mark.parametrize(
    "other",
    [
        trial(1, 0.99, "INFEASIBLE", infeasibleReason="out of memory"),
        trial(1, 0.99, "STOPPING"),
        trial(1, None, "SUCCEEDED"),
        trial(1, "NaN"),
        trial(1, "Infinity"),
    ],
)
def test_a_trial_that_failed_or_measured_nothing_is_not_the_best(
    other: dict[str, Any], vertex: Vertex, table: Markdown
) -> None:
    vertex.serve("GET", JOB, job(other, trial(2, 0.5)))
    assert read(table)[2] == "2"


def test_all_trials_are_listed(vertex: Vertex, table: Markdown) -> None:
    failed = trial(2, None, "INFEASIBLE", infeasibleReason="out of memory")
    vertex.serve("GET", JOB, job(trial(1, 0.5), failed, trial(3, "NaN")))
    assert read(table)[3] == [
        {"id": "1", "state": "SUCCEEDED", "parameters": {"rate": 0.1}, "metrics": {"score": 0.5}},
        {
            "id": "2",
            "state": "INFEASIBLE",
            "parameters": {"rate": 0.2},
            "metrics": {},
            "infeasible_reason": "out of memory",
        },
        {"id": "3", "state": "SUCCEEDED", "parameters": {"rate": 0.3}, "metrics": {"score": None}},
    ]


def test_the_table_shows_all_trials_and_marks_the_best(vertex: Vertex, table: Markdown) -> None:
    vertex.serve("GET", JOB, job(trial(1, 0.5), trial(2, None, "INFEASIBLE"), trial(3, "NaN")))
    read(table)
    assert Path(table.path).read_text(encoding="utf-8").splitlines() == [
        "| trial | state | score | rate |",
        "| --- | --- | --- | --- |",
        "| **1 (best)** | SUCCEEDED | 0.5 | 0.1 |",
        "| 2 | INFEASIBLE |  | 0.2 |",
        "| 3 | SUCCEEDED | NaN | 0.3 |",
    ]


def test_a_job_without_a_success_is_refused_with_what_its_trials_say(
    vertex: Vertex, table: Markdown
) -> None:
    failed = trial(1, None, "INFEASIBLE", infeasibleReason="out of memory")
    other = trial(2, None)
    other["finalMeasurement"] = {"metrics": [{"metricId": "loss", "value": 0.5}]}
    error = {"code": 3, "message": "too many failures"}
    vertex.serve(
        "GET", JOB, job(failed, other, trial(3, "NaN"), state="JOB_STATE_FAILED", error=error)
    )
    with pytest.raises(RuntimeError) as caught:
        read(table)
    assert str(caught.value).splitlines() == [
        f"no trial of {JOB} succeeded with a finite value of 'score': the job is "
        "JOB_STATE_FAILED, too many failures",
        "  trial 1: INFEASIBLE, reported nothing, out of memory",
        "  trial 2: SUCCEEDED, reported loss=0.5",
        "  trial 3: SUCCEEDED, reported score=NaN",
        "The logs of the trials say more.",
    ]


def test_several_objectives_are_refused(vertex: Vertex, table: Markdown) -> None:
    metrics = [{"metricId": name, "goal": "MAXIMIZE"} for name in ("score", "speed")]
    vertex.serve("GET", JOB, job(trial(1, 0.5), studySpec={"metrics": metrics}))
    message = (
        "has several objectives, or none, so no single trial is the best: score, speed. "
        "Tune one metric; to weigh several, let the trainer report one number made of them."
    )
    with pytest.raises(ValueError, match=message):
        read(table)
