"""What pipeline jobs leave in Vertex ML Metadata, as Google's SDK reads it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform
from kfp import compiler

from tests.official.conftest import Official
from tests.official.training import failing, training

ENDED = ("PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled pipelines."""
    folder = tmp_path_factory.mktemp("templates")
    for pipeline in (training, failing):
        compiler.Compiler().compile(pipeline, str(folder / f"{pipeline.name}.yaml"))
    return folder


def ended(templates: Path, job: str, pipeline: str = "training", **settings: Any) -> Any:
    """Run a pipeline and give the job as it ended."""
    made = aiplatform.PipelineJob(
        display_name=job,
        template_path=str(templates / f"{pipeline}.yaml"),
        job_id=job,
        parameter_values={"rows": 5} if pipeline == "training" else {},
    )
    made.submit(**settings)
    while made.state.name not in ENDED:
        time.sleep(0.05)
    return aiplatform.PipelineJob.get(made.resource_name)


@pytest.fixture(scope="module")
def job(sdk: Official, templates: Path) -> aiplatform.PipelineJob:
    """A run that belongs to an experiment."""
    return ended(templates, "training-1", experiment="pipelines")


@pytest.fixture(scope="module")
def context(job: aiplatform.PipelineJob) -> aiplatform.Context:
    """The context of the run."""
    return aiplatform.Context.get("training-1")


def tasks(job: aiplatform.PipelineJob) -> dict[str, Any]:
    return {one.task_name: one for one in job.task_details}


def test_a_job_is_a_context_in_that_of_its_pipeline(
    job: aiplatform.PipelineJob, context: aiplatform.Context
) -> None:
    outer = aiplatform.Context.get("training")
    assert (context.schema_title, outer.schema_title) == ("system.PipelineRun", "system.Pipeline")
    assert outer.resource_name in context.parent_contexts
    assert job.gca_resource.job_detail.pipeline_context.name == outer.resource_name
    assert job.gca_resource.job_detail.pipeline_run_context.name == context.resource_name


def test_the_experiment_of_a_job(job: aiplatform.PipelineJob) -> None:
    assert job.get_associated_experiment().name == "pipelines"


def test_the_experiment_lists_the_job(job: aiplatform.PipelineJob) -> None:
    pytest.importorskip("pandas")
    (row,) = aiplatform.Experiment("pipelines").get_data_frame().to_dict("records")
    assert row["run_name"] == "training-1"
    assert row["run_type"] == "system.PipelineRun"
    assert row["state"] == "COMPLETE"
    assert (row["param.rows"], row["param.rate"], row["metric.accuracy"]) == (5, 0.1, 0.91)


def test_the_frame_of_a_pipeline(job: aiplatform.PipelineJob) -> None:
    pytest.importorskip("pandas")
    frame = aiplatform.get_pipeline_df("training").set_index("run_name")
    assert frame.loc["training-1", "param.input:rows"] == 5
    assert frame.loc["training-1", "metric.accuracy"] == 0.91


def test_the_execution_of_a_job_has_its_parameters(context: aiplatform.Context) -> None:
    inside = f'schema_title="system.Run" AND in_context("{context.resource_name}")'
    (run,) = aiplatform.Execution.list(filter=inside)
    assert run.metadata == {"input:rows": 5, "input:rate": 0.1}
    assert run.state.name == "COMPLETE"
    assert [one.schema_title for one in run.get_output_artifacts()] == ["system.Metrics"]


def test_each_task_has_an_execution(
    job: aiplatform.PipelineJob, context: aiplatform.Context
) -> None:
    found = {one.display_name: one for one in context.get_executions()}
    assert {name: one.schema_title for name, one in found.items()} == {
        "training-1": "system.Run",
        "condition-1": "system.DagExecution",
        "prepare": "system.ContainerExecution",
        "train": "system.ContainerExecution",
    }
    assert tasks(job)["train"].execution.name == found["train"].resource_name
    assert found["train"].metadata == {"input:rate": 0.1, "output:Output": 0.2}


def test_inputs_and_outputs_of_a_task(job: aiplatform.PipelineJob) -> None:
    train = aiplatform.Execution(tasks(job)["train"].execution.name)
    given = tasks(job)["prepare"].outputs["data"].artifacts[0].name
    assert [one.resource_name for one in train.get_input_artifacts()] == [given]
    assert sorted(one.schema_title for one in train.get_output_artifacts()) == [
        "system.Metrics",
        "system.Model",
    ]


def test_an_artifact_in_full(context: aiplatform.Context) -> None:
    (model,) = [one for one in context.get_artifacts() if one.schema_title == "system.Model"]
    assert model.display_name == "model"
    assert model.metadata == {"framework": "none"}
    assert model.uri.startswith("gs://")
    assert model.gca_resource.state.name == "LIVE"


def test_lineage_of_the_model(context: aiplatform.Context) -> None:
    (model,) = [one for one in context.get_artifacts() if one.schema_title == "system.Model"]
    graph = model.api_client.query_artifact_lineage_subgraph(artifact=model.resource_name)
    assert {one.display_name for one in graph.executions} >= {"prepare", "train"}
    assert {one.display_name for one in graph.artifacts} >= {"data", "metrics", "model"}


def test_a_cached_task(job: aiplatform.PipelineJob, templates: Path) -> None:
    second = ended(templates, "training-2")
    before, after = tasks(job)["train"], tasks(second)["train"]
    execution = aiplatform.Execution(after.execution.name)
    assert execution.state.name == "CACHED"
    assert {one.resource_name for one in execution.get_output_artifacts()} == {
        before.outputs[name].artifacts[0].name for name in ("metrics", "model")
    }
    assert len(aiplatform.Context.get("training-2").get_artifacts()) == 3


def test_a_job_that_fails(sdk: Official, templates: Path) -> None:
    ended(templates, "failing-1", "failing")
    executions = aiplatform.Context.get("failing-1").get_executions()
    assert {one.display_name: one.state.name for one in executions} == {
        "failing-1": "FAILED",
        "fail": "FAILED",
    }


def test_a_job_in_an_experiment_run(job: aiplatform.PipelineJob) -> None:
    run = aiplatform.ExperimentRun.create("by-hand", experiment="pipelines")
    run.log(pipeline_job=job)
    assert [one.name for one in run.get_logged_pipeline_jobs()] == ["training-1"]


def test_a_pipeline_whose_name_an_experiment_has(sdk: Official, templates: Path) -> None:
    """The experiment stays, and the pipeline gets a context beside it."""
    aiplatform.Experiment.create("failing-pipeline")
    aiplatform.Context.get("failing") or aiplatform.Experiment.create("failing")
    assert ended(templates, "failing-2", "failing").state.name == "PIPELINE_STATE_FAILED"


def test_a_second_job_of_the_same_name_starts_afresh(sdk: Official, templates: Path) -> None:
    ended(templates, "again")
    aiplatform.PipelineJob.get("again").delete()
    ended(templates, "again")
    runs = [
        one
        for one in aiplatform.Context.get("again").get_executions()
        if one.schema_title == "system.Run"
    ]
    assert len(runs) == 1
