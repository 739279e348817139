"""Decide whether a model is good enough."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from kfp.dsl import Dataset, Input, Model

from tests.samples import compiled, tasks_of
from vertex_flow import Flow, Param, When
from vertex_flow.errors import SettingError, WiringError
from vertex_flow.stages import Evaluate, Register


class Verdict(NamedTuple):
    passed: bool


class Numbers(NamedTuple):
    passed: bool
    accuracy: float


def judge(model: Input[Model], test_data: Input[Dataset], least: float) -> Verdict:
    """Judge in my own way."""
    return Verdict(passed=True)


def judge_by_thresholds(model: Input[Model], thresholds: dict[str, float]) -> Numbers:
    """Judge by thresholds."""
    return Numbers(passed=True, accuracy=1.0)


def opinion(model: Input[Model]) -> bool:
    """Say nothing by name."""
    return True


def test_the_compiled_stage(check_pipeline: Callable[[Any], None]) -> None:
    check_pipeline(Evaluate(thresholds={"accuracy": Param("least", 0.9), "recall": 0.5}))


@pytest.mark.parametrize("least", [-0.1, 90, float("nan")])
def test_a_threshold_out_of_range(least: float) -> None:
    with pytest.raises(SettingError) as caught:
        Evaluate(thresholds={"accuracy": least})
    assert str(caught.value) == (
        f"Evaluate(thresholds={{'accuracy': {least!r}}}): expected a share between 0 and 1; "
        "90 % is 0.9."
    )


@pytest.mark.parametrize("shown", [-1, 101, 1.5, True])
def test_samples_out_of_range(shown: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Evaluate(shown_samples=shown)
    assert str(caught.value) == (
        f"Evaluate(shown_samples={shown!r}): expected a whole number from 0 to 100."
    )


def test_a_component_of_ones_own_offers_what_it_puts_out() -> None:
    assert list(Evaluate(component=judge, arguments={"least": 0.8}).ports) == ["passed"]


def test_what_the_component_does_not_put_out_cannot_be_used(upstream: list[Any]) -> None:
    score = Evaluate(component=judge, arguments={"least": 0.8})
    with pytest.raises(WiringError, match=r"'evaluate' has no such output; it has passed"):
        Flow("sample", [*upstream, score, When(score.accuracy > 0.5, [Register()])])


def test_a_component_of_ones_own_gets_model_test_data_and_arguments(upstream: list[Any]) -> None:
    score = Evaluate(component=judge, arguments={"least": Param("least", 0.8)})
    inputs = tasks_of(compiled(*upstream, score), "evaluate")["judge"]["inputs"]
    assert inputs == {
        "artifacts": {
            "model": {"componentInputArtifact": "model"},
            "test_data": {"componentInputArtifact": "test_data"},
        },
        "parameters": {"least": {"componentInputParameter": "least"}},
    }


def test_a_component_of_ones_own_may_take_the_thresholds(upstream: list[Any]) -> None:
    score = Evaluate(component=judge_by_thresholds, thresholds={"accuracy": 0.8})
    task = tasks_of(compiled(*upstream, score), "evaluate")["judge-by-thresholds"]
    assert task["inputs"]["parameters"]["thresholds"] == {
        "runtimeValue": {"constant": {"accuracy": 0.8}}
    }


def test_a_param_among_the_thresholds_of_a_component_of_ones_own() -> None:
    with pytest.raises(SettingError, match=r"'thresholds' holds a port or a Param inside a list"):
        Evaluate(component=judge_by_thresholds, thresholds={"accuracy": Param("least", 0.8)})


def test_a_component_must_put_out_whether_it_passed() -> None:
    with pytest.raises(SettingError, match=r"it has no output 'passed' \(bool\); it has Output"):
        Evaluate(component=opinion)


def test_thresholds_are_a_mapping() -> None:
    with pytest.raises(SettingError) as caught:
        Evaluate(thresholds=0.9)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "Evaluate(thresholds=0.9): expected a mapping of metric to least value, for example "
        "{'accuracy': 0.9}."
    )


def test_a_metric_that_is_not_computed_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingError) as caught:
        Evaluate(thresholds={"acuracy": 0.9})
    assert str(caught.value) == (
        "Evaluate(thresholds={'acuracy': ...}): it computes accuracy, precision, recall, f1, and "
        "precision_N and recall_N of each class N. For another metric give a component of your "
        "own. Did you mean 'accuracy'?"
    )


def test_the_recall_of_a_class_is_a_metric() -> None:
    assert Evaluate(thresholds={"recall_3": 0.9}).thresholds == {"recall_3": 0.9}
