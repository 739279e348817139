"""Searches of tuning jobs."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from google.cloud import aiplatform_v1
from google.protobuf import json_format

from tests.report.examples import at, search
from vertex_flow.report.facts import TrialFacts
from vertex_flow.runs import searches
from vertex_flow.runs.searches import best_of, importance, search_of

STUDY = {
    "metrics": [{"metricId": "loss", "goal": "MINIMIZE"}],
    "parameters": [
        {
            "parameterId": "rate",
            "doubleValueSpec": {"minValue": 0.1, "maxValue": 1},
            "scaleType": "UNIT_LOG_SCALE",
            "conditionalParameterSpecs": [
                {"parameterSpec": {"parameterId": "depth", "integerValueSpec": {"maxValue": 9}}}
            ],
        },
        {"parameterId": "units", "discreteValueSpec": {"values": [64, 128]}},
    ],
}


def trial(number: str, state: str, loss: Any = None, **more: Any) -> dict[str, Any]:
    measured = {"metrics": [{"metricId": "loss", "value": loss}]}
    return {
        "id": number,
        "state": state,
        "parameters": [
            {"parameterId": "rate", "value": 0.5},
            {"parameterId": "units", "value": 64.0},
            {"parameterId": "depth", "value": 3.0},
        ],
        **({"finalMeasurement": measured} if loss is not None else {}),
        **more,
    }


def job(*trials: Any, study: Any = STUDY) -> Any:
    found = aiplatform_v1.HyperparameterTuningJob()
    plain = {"studySpec": study, "trials": list(trials), "maxTrialCount": 9}
    json_format.ParseDict(plain, aiplatform_v1.HyperparameterTuningJob.pb(found))
    return found


def test_a_search_is_read() -> None:
    found = search_of("tune", job(trial("10", "SUCCEEDED", 0.5), trial("2", "SUCCEEDED", 0.75)))
    assert found is not None
    assert (found.metric, found.goal, found.planned) == ("loss", "MINIMIZE", 9)
    assert ([one.id for one in found.trials], found.best) == (["2", "10"], "10")
    assert found.log_scale == ("rate",)


def test_whole_numbers_are_ints() -> None:
    found = search_of("tune", job(trial("1", "SUCCEEDED", 0.5)))
    assert found is not None
    assert found.trials[0].parameters == {"rate": 0.5, "units": 64, "depth": 3}
    assert type(found.trials[0].parameters["depth"]) is int


def test_a_trial_that_runs_has_its_last_measurement() -> None:
    measured = {"metrics": [{"metricId": "loss", "value": 0.25}]}
    found = search_of("tune", job(trial("1", "ACTIVE", measurements=[measured])))
    assert found is not None
    assert (found.trials[0].metrics, found.best) == ({"loss": 0.25}, None)


def test_a_trial_that_diverged_has_no_metric() -> None:
    found = search_of("tune", job(trial("1", "SUCCEEDED", "NaN", infeasibleReason="it fell")))
    assert found is not None
    assert (found.trials[0].metrics, found.trials[0].reason, found.best) == ({}, "it fell", None)


def test_a_job_that_optimises_nothing_is_no_search() -> None:
    assert search_of("tune", job(study={})) is None


def tried(count: int, **fixed: Any) -> list[TrialFacts]:
    """Trials whose metric depends on the rate, and a little on the kind."""
    return [
        TrialFacts(
            id=str(one),
            state="SUCCEEDED",
            parameters={"rate": 10.0 ** -(one % 5), "kind": "ab"[one % 2], **fixed},
            metrics={"m": -(one % 5) + 0.01 * (one % 2)},
        )
        for one in range(count)
    ]


def test_the_parameter_that_matters_comes_first() -> None:
    found = importance(tried(12), "m", "MAXIMIZE", ["rate"])
    assert next(iter(found)) == "rate"
    assert math.isclose(sum(found.values()), 1)


def test_without_scikit_learn_it_is_another_evaluator(mocker: Any) -> None:
    mocker.patch.object(searches, "find_spec", return_value=None)
    assert next(iter(importance(tried(12), "m", "MAXIMIZE", ["rate"]))) == "rate"


@pytest.mark.parametrize("goal", ["MAXIMIZE", "MINIMIZE"])
def test_too_few_trials_say_nothing(goal: str) -> None:
    assert importance(tried(5), "m", goal) == {}


def test_parameters_that_never_vary_have_no_importance() -> None:
    assert "fixed" not in importance(tried(12, fixed=1), "m", "MAXIMIZE")


def test_odd_values_say_nothing() -> None:
    odd = [TrialFacts(id=str(one), state="SUCCEEDED", parameters={"a": [one], "b": one},
                      metrics={"m": 1.0}) for one in range(9)]  # fmt: skip
    assert importance(odd, "m", "MAXIMIZE") == {}


def test_of_equals_the_earliest_is_the_best() -> None:
    same = [TrialFacts(id=one, state="SUCCEEDED", metrics={"m": 1.0}) for one in "12"]
    assert best_of(same, "m", "MAXIMIZE") == "1"


def test_trials_that_run_count_until_now() -> None:
    running = TrialFacts(id="9", state="ACTIVE", start=at(0))
    total = searches.seconds([*search(2).trials, running], at(0) + timedelta(seconds=30))
    assert total == 48.0
