"""A pipeline job at one moment, stage by stage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import NAME, job, message, task
from tests.report.pages import Page
from vertex_flow.report.snapshot import Artifact, Failure, Snapshot


def snapshot(state: str, *details: dict[str, Any], error: str = "") -> Snapshot:
    return Snapshot(message(job(state, *details, error=error)))


def states(found: Snapshot) -> dict[str, str]:
    return {stage.name: stage.state for stage in found.stages}


def test_name_and_state() -> None:
    found = snapshot("RUNNING")
    assert (found.name, found.state, found.is_over) == (NAME, "RUNNING", False)


def test_a_spec_is_read_when_it_is_asked_for() -> None:
    found = snapshot("RUNNING")
    assert not {"spec", "parameters"} & set(vars(found))
    assert found.spec["pipelineInfo"]["name"] == "sample"


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED"])
def test_a_run_that_is_over(state: str) -> None:
    assert snapshot(state).is_over


def test_stages_stand_in_the_order_of_the_flow() -> None:
    assert list(states(snapshot("RUNNING"))) == ["source", "fit", "score", "spend"]


def test_stages_that_have_not_started() -> None:
    assert set(states(snapshot("RUNNING")).values()) == {"PENDING"}


def test_a_stage_has_the_state_of_its_task() -> None:
    found = snapshot("RUNNING", task(1, "source", "SUCCEEDED"), task(2, "fit", "RUNNING"))
    assert (states(found)["source"], states(found)["fit"]) == ("SUCCEEDED", "RUNNING")


def test_a_stage_of_cached_tasks_was_reused() -> None:
    inside = task(2, "make-data", "SKIPPED", parent=1)
    found = snapshot("RUNNING", task(1, "source", "SUCCEEDED"), inside)
    assert states(found)["source"] == "REUSED"


def test_a_stage_that_did_some_work_was_not_reused() -> None:
    details = [
        task(1, "source", "SUCCEEDED"),
        task(2, "make-data", "SKIPPED", parent=1),
        task(3, "more", "SUCCEEDED", parent=1),
    ]
    assert states(snapshot("RUNNING", *details))["source"] == "SUCCEEDED"


def test_a_stage_whose_condition_did_not_hold() -> None:
    found = snapshot("SUCCEEDED", task(1, "condition-1", "NOT_TRIGGERED"))
    assert states(found)["spend"] == "NOT_TRIGGERED"


def test_a_stage_that_was_not_reached() -> None:
    details = [task(1, "source", "FAILED"), task(2, "fit", "NOT_TRIGGERED")]
    found = states(snapshot("FAILED", *details))
    assert (found["fit"], found["spend"]) == ("NOT_REACHED", "NOT_REACHED")


def test_a_task_inside_a_stage_is_not_the_stage_of_that_name() -> None:
    inside = task(2, "spend", "SUCCEEDED", parent=1)
    found = snapshot("RUNNING", inside, task(1, "spend", "FAILED"))
    assert states(found)["spend"] == "FAILED"


def test_a_task_deep_inside_a_stage_is_not_another_stage() -> None:
    details = [
        task(1, "source", "RUNNING"),
        task(2, "condition-7", "RUNNING", parent=1),
        task(3, "fit", "SUCCEEDED", parent=2),
    ]
    assert states(snapshot("RUNNING", *details))["fit"] == "PENDING"


def test_a_stage_in_a_condition_is_found() -> None:
    details = [task(1, "condition-1", "RUNNING"), task(2, "spend", "RUNNING", parent=1)]
    assert states(snapshot("RUNNING", *details))["spend"] == "RUNNING"


def test_how_long_a_stage_took() -> None:
    found = snapshot("RUNNING", task(1, "source", "SUCCEEDED"))
    assert found.stages[0].seconds == 2.5


def test_how_long_a_running_stage_takes_is_not_known() -> None:
    assert snapshot("RUNNING", task(1, "source", "RUNNING")).stages[0].seconds is None


def test_output_parameters_keep_their_types() -> None:
    values = {"passed": True, "share": 0.5, "count": 3, "label": "good"}
    details = [
        task(1, "score", "SUCCEEDED"),
        task(2, "measure", "SUCCEEDED", parent=1, values=values),
    ]
    outputs = snapshot("RUNNING", *details).stages[2].outputs
    assert outputs == values
    assert type(outputs["count"]) is int


def test_output_artifacts() -> None:
    made = {
        "schemaTitle": "system.Model",
        "uri": "gs://acme/model",
        "metadata": {"accuracy": 1, "layers": [1, {"a": None}]},
    }
    details = [
        task(1, "fit", "SUCCEEDED"),
        task(2, "make-model", "SUCCEEDED", parent=1, outputs={"model": made}),
    ]
    assert snapshot("RUNNING", *details).stages[1].artifacts == {
        "model": Artifact(
            "system.Model", "gs://acme/model", {"accuracy": 1, "layers": [1, {"a": None}]}
        )
    }


def test_metrics_are_the_numbers_of_metrics_artifacts() -> None:
    made = {
        "schemaTitle": "system.Metrics",
        "metadata": {"accuracy": 0.5, "good": True, "text": "x", "n": 3},
    }
    details = [
        task(1, "fit", "SUCCEEDED"),
        task(2, "make-model", "SUCCEEDED", parent=1, outputs={"model": made}),
    ]
    assert snapshot("RUNNING", *details).stages[1].metrics == {"accuracy": 0.5, "n": 3}


def test_no_failure() -> None:
    assert snapshot("RUNNING", task(1, "source", "RUNNING")).first_failure() is None


def test_the_innermost_failure_comes_first() -> None:
    details = [
        task(1, "source", "FAILED", error="The DAG failed."),
        task(2, "make-data", "FAILED", parent=1, error="exit code 1"),
    ]
    found = snapshot("FAILED", *details).first_failure()
    assert found == Failure("source", "make-data", "exit code 1")


def test_of_several_failures_the_earliest_comes_first() -> None:
    details = [
        task(1, "fit", "FAILED", error="late", endTime="2025-01-02T04:00:00Z"),
        task(2, "source", "FAILED", error="early", endTime="2025-01-02T03:30:00Z"),
        task(3, "score", "FAILED", error="unknown", endTime=None),
    ]
    found = snapshot("FAILED", *details).first_failure()
    assert found == Failure("source", "source", "early")


def test_a_failure_outside_of_all_stages() -> None:
    found = snapshot("FAILED", task(1, "condition-1", "FAILED", error="no value")).first_failure()
    assert found == Failure(None, "condition-1", "no value")


def test_the_reason_of_the_job_itself() -> None:
    assert snapshot("FAILED", error="quota exceeded").reason == "quota exceeded"


def test_a_job_without_spec_has_no_stages() -> None:
    assert Snapshot(message({"name": NAME, "state": "PIPELINE_STATE_PENDING"})).stages == ()


# Pipelines that no flow has made.


def foreign(root: Any, *details: dict[str, Any], components: Any = None) -> Snapshot:
    spec = {"root": root, **({"components": components} if components else {})}
    return Snapshot(message({**job("RUNNING", *details), "pipelineSpec": spec}))


@pytest.mark.parametrize(
    ("tasks", "names"),
    [
        ({"a": {"componentRef": {"name": "gone"}}}, ["a"]),
        ({"a": {}}, ["a"]),
        ({"a": {"dependentTasks": ["gone"]}}, ["a"]),
        ({"a": {"dependentTasks": ["b"]}, "b": {"dependentTasks": ["a"]}}, ["b", "a"]),
        ({"a": 3}, ["a"]),
        ([1], []),
    ],
)
def test_a_spec_that_does_not_hold_together_is_read_as_far_as_it_goes(
    tasks: Any, names: list[str]
) -> None:
    assert [one.name for one in foreign({"dag": {"tasks": tasks}}).stages] == names


@pytest.mark.parametrize(
    ("task", "tunes"),
    [("hyperparameter-tuning-job-2", True), ("hyperparameter-tuning-job-x", False)],
)
def test_a_stage_tunes_when_a_task_of_it_starts_a_tuning_job(task: str, tunes: bool) -> None:
    components = {"comp-a": {"dag": {"tasks": {task: {}}}}}
    stages = {"a": {"componentRef": {"name": "comp-a"}}}
    assert foreign({"dag": {"tasks": stages}}, components=components).tunes("a") is tunes


def test_tasks_that_are_each_others_parents() -> None:
    details = [task(1, "source", "FAILED", parent=2), task(2, "fit", "RUNNING", parent=1)]
    found = snapshot("FAILED", *details).first_failure()
    assert found is not None
    assert found.task == "source"


def test_an_output_of_whichever_branch_has_run() -> None:
    selectors = [
        {"producerSubtask": branch, "outputParameterKey": "best"} for branch in ("left", "right")
    ]
    outputs = {"parameters": {"best": {"valueFromOneof": {"parameterSelectors": selectors}}}}
    found = foreign(
        {"dag": {"tasks": {"choose": {"componentRef": {"name": "comp"}}}}},
        task(1, "choose", "SUCCEEDED"),
        task(2, "right", "SUCCEEDED", parent=1, values={"best": 7}),
        components={"comp": {"dag": {"outputs": outputs}}},
    )
    assert found.stages[0].outputs == {"best": 7}


@pytest.mark.filterwarnings("ignore:Unrecognized PipelineState")
def test_a_state_that_this_client_does_not_know() -> None:
    found = Snapshot(message({"name": NAME, "state": 99}))
    assert (found.state, found.is_over) == ("STATE_99", False)


def measured() -> Any:
    """A stage with metrics of all the data and of classes."""
    numbers = {"accuracy": 0.9, "recall_0": 0.8, "recall_1": 0.7, "<b>": 1}
    made = {"schemaTitle": "system.Metrics", "uri": "gs://b/<i>", "metadata": numbers}
    inside = task(2, "make-model", "SUCCEEDED", parent=1, outputs={"model": made})
    return snapshot("SUCCEEDED", task(1, "fit", "SUCCEEDED"), inside).stages[1]


def test_a_stage_in_a_notebook_is_its_metrics() -> None:
    page = Page(measured()._repr_html_())
    assert page.text.startswith("stage fit : done in 2.5 s")
    assert page.rows == [
        ["metric", "value"],
        ["<b>", "1"],
        ["accuracy", "0.9"],
        ["class", "recall"],
        ["0", "0.8"],
        ["1", "0.7"],
        ["artifact", "type", "where"],
        ["model", "system.Metrics", "gs://b/<i>"],
    ]


def test_a_stage_that_is_no_search_has_no_trials() -> None:
    assert len(measured().trials) == 0
