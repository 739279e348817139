"""`aiplatform.init(experiment=...)`, `start_run` and what is logged, against the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform.metadata import metadata as tracking
from sklearn.linear_model import LinearRegression

from tests.official.conftest import Official


@pytest.fixture(scope="module")
def experiment(sdk: Official) -> Iterator[aiplatform.Experiment]:
    """An experiment with two runs; the first one has a bit of everything."""
    aiplatform.init(experiment="digits", experiment_description="ours")
    with aiplatform.start_run("first"):
        aiplatform.log_params({"rate": 0.1, "units": 64, "optimizer": "adam"})
        aiplatform.log_metrics({"accuracy": 0.9})
        for step in range(1, 4):
            aiplatform.log_time_series_metrics({"loss": 1 / step, "grad": step}, step=step)
        aiplatform.log_classification_metrics(
            display_name="confusion",
            labels=["cat", "dog"],
            matrix=[[9, 1], [2, 8]],
            fpr=[0.1, 0.5],
            tpr=[0.2, 0.7],
            threshold=[0.9, 0.1],
        )
    with aiplatform.start_run("second"):
        aiplatform.log_params({"rate": 0.2})
        aiplatform.log_metrics({"accuracy": 0.95})
    yield aiplatform.Experiment("digits")
    tracking._experiment_tracker.reset()


@pytest.fixture(scope="module")
def first(experiment: aiplatform.Experiment) -> aiplatform.ExperimentRun:
    return aiplatform.ExperimentRun("first", experiment)


def test_params(first: aiplatform.ExperimentRun) -> None:
    assert first.get_params() == {"rate": 0.1, "units": 64, "optimizer": "adam"}


def test_metrics(first: aiplatform.ExperimentRun) -> None:
    assert first.get_metrics() == {"accuracy": 0.9}


def test_a_run_that_was_left_is_complete(first: aiplatform.ExperimentRun) -> None:
    assert first.get_state() == "COMPLETE"


def test_classification_metrics(first: aiplatform.ExperimentRun) -> None:
    (found,) = first.get_classification_metrics()
    assert found["display_name"] == "confusion"
    assert found["matrix"] == [[9, 1], [2, 8]]
    assert found["threshold"] == [0.9, 0.1]


def test_the_experiment_has_the_default_tensorboard(experiment: aiplatform.Experiment) -> None:
    (default,) = aiplatform.Tensorboard.list(filter="is_default=true")
    assert experiment.get_backing_tensorboard_resource().resource_name == default.resource_name


def test_time_series(experiment: aiplatform.Experiment) -> None:
    board = experiment.backing_tensorboard_resource_name
    run = aiplatform.TensorboardRun(f"{board}/experiments/digits/runs/first")
    found = run.read_time_series_data()
    assert {
        name: [(point.step, round(point.scalar.value, 3)) for point in data.values]
        for name, data in found.items()
    } == {"loss": [(1, 1.0), (2, 0.5), (3, 0.333)], "grad": [(1, 1), (2, 2), (3, 3)]}


def test_the_frame_of_an_experiment(experiment: aiplatform.Experiment) -> None:
    pytest.importorskip("pandas")
    frame = aiplatform.get_experiment_df("digits").set_index("run_name").sort_index()
    assert list(frame["param.rate"]) == [0.1, 0.2]
    assert list(frame["metric.accuracy"]) == [0.9, 0.95]
    assert frame.loc["first", "time_series_metric.loss"] == 1 / 3
    assert set(frame["state"]) == {"COMPLETE"}


def test_the_frame_of_time_series(first: aiplatform.ExperimentRun) -> None:
    pytest.importorskip("pandas")
    frame = first.get_time_series_data_frame()
    assert list(frame["step"]) == [1, 2, 3]
    assert list(frame["grad"]) == [1.0, 2.0, 3.0]


def test_runs_are_listed(experiment: aiplatform.Experiment) -> None:
    names = {run.name for run in aiplatform.ExperimentRun.list(experiment=experiment)}
    assert names == {"first", "second"}


def test_experiments_are_listed(experiment: aiplatform.Experiment) -> None:
    assert "digits" in {one.name for one in aiplatform.Experiment.list()}


def test_an_experiment_that_is_not_there(sdk: Official) -> None:
    assert aiplatform.Experiment.get("nothing-of-mine") is None


def test_a_run_goes_on(experiment: aiplatform.Experiment) -> None:
    with aiplatform.start_run("second", resume=True) as run:
        assert run.get_state() == "RUNNING"
        run.log_metrics({"recall": 0.5})
    found = aiplatform.ExperimentRun("second", experiment)
    assert found.get_metrics() == {"accuracy": 0.95, "recall": 0.5}


def test_a_run_that_fails(experiment: aiplatform.Experiment) -> None:
    with pytest.raises(ZeroDivisionError), aiplatform.start_run("broken"):
        raise ZeroDivisionError
    found = aiplatform.ExperimentRun("broken", experiment)
    assert found.get_state() == "FAILED"
    found.delete(delete_backing_tensorboard_run=True)


def test_an_execution_with_its_artifacts(experiment: aiplatform.Experiment) -> None:
    data = aiplatform.Artifact.create(
        schema_title="system.Dataset", uri=f"{experiment.name}-data", display_name="images"
    )
    with (
        aiplatform.start_run("lineage") as run,
        aiplatform.start_execution(
            schema_title="system.ContainerExecution", display_name="train"
        ) as execution,
    ):
        execution.assign_input_artifacts([data])
        model = aiplatform.Artifact.create(schema_title="system.Model", uri="gs://b/model")
        execution.assign_output_artifacts([model])
    assert execution.state.name == "COMPLETE"
    assert [one.name for one in execution.get_input_artifacts()] == [data.name]
    assert [one.name for one in execution.get_output_artifacts()] == [model.name]
    assert [one.name for one in run.get_executions()] == [execution.name]
    assert {data.name, model.name} <= {one.name for one in run.get_artifacts()}
    run.delete(delete_backing_tensorboard_run=True)


def test_an_artifact_is_found_by_its_uri(sdk: Official) -> None:
    made = aiplatform.Artifact.create(schema_title="system.Dataset", uri="gs://mine/found")
    assert aiplatform.Artifact.get_with_uri("gs://mine/found").name == made.name
    assert aiplatform.Artifact.get(made.name).uri == "gs://mine/found"


def test_artifacts_are_filtered(sdk: Official) -> None:
    made = aiplatform.Artifact.create(
        schema_title="system.Metrics", metadata={"score": 0.75}, display_name="filtered"
    )
    text = 'schema_title="system.Metrics" AND metadata.score.number_value > 0.7'
    assert [one.name for one in aiplatform.Artifact.list(filter=text)] == [made.name]


def test_a_context_changes(sdk: Official) -> None:
    made = aiplatform.Context.create(
        schema_title="system.Experiment", resource_id="changing", metadata={"a": 1}
    )
    made.update(metadata={"b": 2}, description="changed")
    found = aiplatform.Context.get("changing")
    assert (found.metadata, found.description) == ({"a": 1, "b": 2}, "changed")
    made.delete()
    assert aiplatform.Context.get("changing") is None


def test_a_logged_model_predicts(experiment: aiplatform.Experiment) -> None:
    model = LinearRegression().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    with aiplatform.start_run("with-model") as run:
        aiplatform.log_model(model, "line")
    found = aiplatform.get_experiment_model("line")
    assert found.load_model().predict([[5.0]]).round(6).tolist() == [5.0]
    assert [one.framework_name for one in run.get_experiment_models()] == ["sklearn"]
    run.delete(delete_backing_tensorboard_run=True)


def test_an_experiment_goes_with_its_runs(sdk: Official) -> None:
    aiplatform.init(experiment="short-lived")
    with aiplatform.start_run("only"):
        aiplatform.log_time_series_metrics({"loss": 0.5})
    aiplatform.Experiment("short-lived").delete(delete_backing_tensorboard_runs=True)
    assert aiplatform.Experiment.get("short-lived") is None
    assert aiplatform.Context.get("short-lived-only") is None
