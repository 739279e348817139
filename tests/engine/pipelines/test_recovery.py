"""Pipelines that an engine leaves behind, and the next one goes on with. KFP reads annotations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.types import CustomJob, Endpoint, JobState
from google_cloud_pipeline_components.v1 import hyperparameter_tuning_job
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.endpoint import (
    EndpointCreateOp,
    EndpointDeleteOp,
    ModelDeployOp,
)
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from kfp import dsl
from kfp.dsl import Dataset, Output
from pytest_mock import MockerFixture

from tests.engine.pipelines.bench import artifact, details, outputs, states
from tests.engine.pipelines.components import IMAGE, count_to, fail, read, report, say
from tests.engine.pipelines.phoenix import Phoenix, lines
from vertex_flow.engine.endpoints.deployments import Deployments
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.pipelines import PipelineJobs
from vertex_flow.engine.pipelines.walk import Walk

STOPPED = "The engine stopped while this was under way."
AGAIN = "The engine was stopped during this task; it was started again."


@dsl.component(base_image=IMAGE)
def step(log: str, name: str, gate: str = "") -> str:
    """Note that it runs; with a gate, end when that file is there."""
    import os
    import time

    with open(log, "a") as file:
        file.write(name + "\n")
    while gate and not os.path.exists(gate):
        time.sleep(0.02)
    return name


@dsl.component(base_image=IMAGE)
def draft(log: str, gate: str, file: Output[Dataset]):
    """Add a word to what is there already."""
    import os
    import time

    with open(file.path, "a") as out:
        out.write("word ")
    with open(log, "a") as out:
        out.write("draft\n")
    while not os.path.exists(gate):
        time.sleep(0.02)


@dsl.component(base_image=IMAGE)
def fail_twice(log: str, gate: str):
    """Fail; in the second attempt when the gate is there."""
    import os
    import time

    for name in (log, log + ".tries"):
        with open(name, "a") as file:
            file.write("try\n")
    while os.path.getsize(log + ".tries") == 8 and not os.path.exists(gate):
        time.sleep(0.02)
    raise RuntimeError("no luck")


class Place:
    """An engine, a log that components write to, and a gate that they wait for."""

    def __init__(self, folder: Path) -> None:
        self.engine = Phoenix(folder)
        self.log = folder / "log"
        self.gate = folder / "gate"
        self.params = {"log": str(self.log), "gate": str(self.gate)}

    @property
    def lines(self) -> list[str]:
        return lines(self.log)

    def begin(self, pipeline: Any, *ran: str, **config: Any) -> str:
        """Run a pipeline until the components have written some lines."""
        return self.engine.begin(
            pipeline, self.params, lambda: sorted(self.lines) == sorted(ran), **config
        )

    def finish(self, name: str) -> dict[str, Any]:
        self.gate.touch()
        return self.engine.finish(name)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.engine.close()


@dsl.pipeline(name="chain")
def chain(log: str, gate: str):
    one = step(log=log, name="one").set_caching_options(False)
    two = step(log=log, name="two", gate=gate).after(one).set_caching_options(False)
    step(log=log, name=one.output).after(two).set_display_name("three").set_caching_options(False)


def test_a_run_goes_on_where_it_was(place: Place) -> None:
    name = place.begin(chain, "one", "two")
    before = details(place.engine.get(name))["step"]
    place.engine.restart()

    job = place.finish(name)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert place.lines == ["one", "two", "two", "one"]
    assert details(job)["step"] == before


def test_a_task_that_was_stopped_says_so(place: Place) -> None:
    name = place.begin(chain, "one", "two")
    place.engine.restart()
    two = details(place.finish(name))["step-2"]

    assert [
        (entry["state"], entry.get("error", {}).get("message"))
        for entry in two["pipelineTaskStatus"]
    ] == [
        ("PENDING", None),
        ("RUNNING", None),
        ("PENDING", AGAIN),
        ("RUNNING", None),
        ("SUCCEEDED", None),
    ]
    identifier = name.rpartition("/")[2]
    assert (
        f"[engine] {AGAIN}\n"
        in place.engine.home.log("pipelineJobs", identifier, "step-2").read_text()
    )


def test_a_second_kill_is_survived_too(place: Place) -> None:
    name = place.begin(chain, "one", "two")
    for count in (2, 3):
        place.engine.restart()
        place.engine.until(lambda: place.lines.count("two") == count)  # noqa: B023
    place.engine.restart()
    job = place.finish(name)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert place.lines == ["one", "two", "two", "two", "two", "one"]


def test_half_an_output_is_not_taken_for_whole(place: Place) -> None:
    @dsl.pipeline(name="half")
    def pipeline(log: str, gate: str):
        read(file=draft(log=log, gate=gate).outputs["file"])

    name = place.begin(pipeline, "draft")
    place.engine.restart()
    job = place.finish(name)

    assert outputs(job, "read") == {"Output": "word -1"}


def test_retries_that_were_used_stay_used(place: Place) -> None:
    @dsl.pipeline(name="retry")
    def pipeline(log: str, gate: str):
        fail_twice(log=log, gate=gate).set_retry(1, backoff_duration="0s")

    name = place.begin(pipeline, "try", "try")
    place.engine.restart()
    job = place.finish(name)

    assert states(job) == {"fail-twice": "FAILED"}
    assert place.lines == ["try"] * 3


def test_a_failed_attempt_of_a_graph_is_left_behind(place: Place) -> None:
    """Of the second attempt, what had ended is kept, and nothing of the first is taken for it."""

    @dsl.pipeline
    def inner(log: str, gate: str):
        one = step(log=log, name="one").set_caching_options(False)
        wrong = fail_twice(log=log, gate=gate).after(one).set_caching_options(False)
        step(log=log, name="never").after(wrong)

    @dsl.pipeline(name="outer")
    def pipeline(log: str, gate: str):
        inner(log=log, gate=gate).set_retry(1, backoff_duration="0s")

    name = place.begin(pipeline, "one", "try", "one", "try")
    place.engine.restart()
    job = place.finish(name)

    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert place.lines[:4] == ["one", "try", "one", "try"]
    assert place.lines.count("one") == 2
    states = [one["state"] for one in job["jobDetail"]["taskDetails"]]
    assert states.count("SUCCEEDED") == 2
    assert states.count("NOT_TRIGGERED") == 2


@dsl.pipeline(name="guarded")
def guarded(log: str, gate: str):
    with dsl.ExitHandler(step(log=log, name="exit").set_caching_options(False)):
        step(log=log, name="body", gate=gate).set_caching_options(False)


def test_an_exit_handler_runs_once(place: Place) -> None:
    name = place.begin(guarded, "body")
    place.engine.restart()
    place.finish(name)

    assert place.lines == ["body", "body", "exit"]


def test_an_exit_handler_that_has_run_does_not_run_again(place: Place) -> None:
    @dsl.pipeline(name="guarded-beside")
    def pipeline(log: str, gate: str):
        with dsl.ExitHandler(step(log=log, name="exit").set_caching_options(False)):
            fail(text="boom").set_caching_options(False)
        step(log=log, name="beside", gate=gate).set_caching_options(False)

    name = place.begin(pipeline, "exit", "beside")
    place.engine.until(
        lambda: sorted(states(place.engine.get(name)).values()).count("SUCCEEDED") == 1
    )
    place.engine.restart()
    job = place.finish(name)

    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert sorted(place.lines) == ["beside", "beside", "exit"]


def test_an_exit_handler_learns_what_failed_before(place: Place) -> None:
    @dsl.pipeline(name="told")
    def pipeline(log: str, gate: str):
        with dsl.ExitHandler(report()):
            fail(text="boom")
            step(log=log, name="held", gate=gate)

    name = place.begin(pipeline, "held")
    place.engine.until(
        lambda: states(place.engine.get(name)).get("exit-handler-1.fail") == "FAILED"
    )
    place.engine.restart()
    job = place.finish(name)

    assert outputs(job, "report")["Output"].startswith("exit-handler-1 FAILED")


def test_iterations_of_a_loop_stay_who_they_are(place: Place) -> None:
    @dsl.pipeline(name="loop")
    def pipeline(log: str, gate: str):
        with dsl.ParallelFor(["a", "b", "c"], parallelism=2) as item:
            first = step(log=log, name=item).set_caching_options(False)
            held = step(log=log, name="held", gate=gate).after(first)
            held.set_caching_options(False)

    name = place.begin(pipeline, "a", "b", "held", "held")
    ids = {key: one["taskId"] for key, one in details(place.engine.get(name)).items()}
    place.engine.restart()
    job = place.finish(name)
    after = {key: one["taskId"] for key, one in details(job).items()}

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert {key: after[key] for key in ids} == ids
    assert sorted(place.lines) == ["a", "b", "c", *["held"] * 5]
    assert len(job["jobDetail"]["taskDetails"]) == len(after)


def test_a_decision_is_kept(place: Place) -> None:
    @dsl.pipeline(name="when")
    def pipeline(log: str, gate: str):
        count = count_to(path=f"{log}.count", number=1).set_caching_options(False)
        with dsl.If(count.output > 5):
            say(text="many")
        with dsl.If(count.output == 1):
            step(log=log, name="held", gate=gate)

    name = place.begin(pipeline, "held")
    place.engine.restart()
    job = place.finish(name)

    assert states(job)["condition-1"] == "NOT_TRIGGERED"
    assert states(job)["condition-2"] == "SUCCEEDED"
    assert Path(f"{place.log}.count").read_text() == "x"


def test_fail_fast_is_remembered(place: Place) -> None:
    @dsl.pipeline(name="fast")
    def pipeline(log: str, gate: str):
        held = step(log=log, name="held", gate=gate)
        fail(text="boom")
        say(text="late").after(held)

    policy = {"failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST"}
    name = place.begin(pipeline, "held", **policy)
    place.engine.until(lambda: states(place.engine.get(name))["fail"] == "FAILED")
    place.engine.restart()
    job = place.finish(name)

    assert states(job)["say"] == "NOT_TRIGGERED"


def test_a_run_that_was_being_cancelled_is_cancelled(place: Place, mocker: MockerFixture) -> None:
    name = place.begin(chain, "one", "two")
    mocker.patch.object(place.engine.background, "cancel")  # it takes its time
    place.engine.call("POST", f"/v1/{name}:cancel", {})
    place.engine.restart()
    job = place.engine.get(name)

    assert job["state"] == "PIPELINE_STATE_CANCELLED"
    assert states(job) == {"step": "SUCCEEDED", "step-2": "CANCELLED"}


def test_a_run_of_a_program_that_is_gone_fails(place: Place) -> None:
    name = place.begin(chain, "one", "two")
    place.engine.restart(standing=False)
    job = place.engine.get(name)

    assert (job["state"], job["error"]["message"]) == ("PIPELINE_STATE_FAILED", STOPPED)
    assert states(job) == {"step": "SUCCEEDED", "step-2": "FAILED"}


def test_a_run_that_had_not_begun_begins(place: Place, mocker: MockerFixture) -> None:
    mocker.patch.object(Walk, "run", side_effect=lambda _: place.engine.store.seal())
    name = place.engine.create(chain, place.params)["name"]
    place.engine.do(place.engine.background.wait(name))
    mocker.stopall()
    place.engine.restart()

    job = place.finish(name)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_nothing_of_a_journal_is_left_at_the_end(place: Place) -> None:
    name = place.begin(chain, "one", "two")
    assert place.engine.store.notes(name)
    place.finish(name)

    assert place.engine.store.notes(name) == {}


def test_a_spec_that_cannot_be_read_any_more_fails_with_the_reason(
    place: Place, mocker: MockerFixture
) -> None:
    from vertex_flow.engine.api.errors import invalid

    name = place.begin(chain, "one", "two")
    mocker.patch("vertex_flow.engine.pipelines.spec.read", side_effect=invalid("no such thing"))
    place.engine.restart()
    job = place.engine.get(name)

    assert (job["state"], job["error"]["message"]) == ("PIPELINE_STATE_FAILED", "no such thing")


# Jobs behind tasks.

HELD = """
import os, sys, time
log, gate = sys.argv[1:3]
with open(log, "a") as file:
    file.write("job\\n")
while not os.path.exists(gate):
    time.sleep(0.02)
"""


def _pools(place: Place) -> list[dict[str, Any]]:
    container = {
        "image_uri": "trainer",
        "command": ["python", "-c", HELD],
        "args": [str(place.log), str(place.gate)],
    }
    return [{"machine_spec": {}, "replica_count": 1, "container_spec": container}]


@pytest.fixture
def training(place: Place) -> Any:
    pools = _pools(place)

    @dsl.pipeline(name="training")
    def pipeline(log: str, gate: str):
        CustomTrainingJobOp(
            display_name="train", worker_pool_specs=pools, base_output_directory="gs://b/out"
        ).set_caching_options(False)

    return pipeline


def _jobs(place: Place) -> list[tuple[str, str]]:
    """Give the states and reasons of the custom jobs, oldest first."""
    return [
        (job["state"].removeprefix("JOB_STATE_"), job.get("error", {}).get("message", ""))
        for job in reversed(place.engine.list("customJobs"))
    ]


def test_another_job_takes_the_place_of_one_that_was_stopped(place: Place, training: Any) -> None:
    name = place.begin(training, "job")
    place.engine.restart()
    job = place.finish(name)

    assert states(job) == {"custom-training-job": "SUCCEEDED"}
    assert _jobs(place) == [("FAILED", "The engine stopped during the job."), ("SUCCEEDED", "")]
    newest = place.engine.list("customJobs")[0]["name"]
    resources = json.loads(outputs(job, "custom-training-job")["gcp_resources"])
    assert resources["resources"][0]["resourceUri"].endswith(f"/v1/{newest}")


def test_a_job_that_had_ended_is_not_done_again(place: Place, training: Any) -> None:
    name = place.begin(training, "job")
    stored = place.engine.store.all(CustomJob)[0]
    stored.state = JobState.JOB_STATE_SUCCEEDED
    place.engine.store.save(stored)
    place.engine.restart()
    job = place.finish(name)

    assert states(job) == {"custom-training-job": "SUCCEEDED"}
    assert place.lines == ["job"]
    assert _jobs(place) == [("SUCCEEDED", "")]


def test_a_job_is_known_before_anyone_waits_for_it(place: Place, training: Any) -> None:
    name = place.begin(training, "job")
    attempt = details(place.engine.get(name))["custom-training-job"]["taskId"]
    made = place.engine.store.made(name, f"made/{attempt}-0")

    assert [one.split("/")[-2] for one in made] == ["customJobs"]


@pytest.fixture
def tuning(place: Place) -> Any:
    pools = _pools(place)
    space = hyperparameter_tuning_job.serialize_parameters(
        {"x": aiplatform.hyperparameter_tuning.DoubleParameterSpec(0, 1, "linear")}
    )
    metrics = hyperparameter_tuning_job.serialize_metrics({"loss": "minimize"})

    @dsl.pipeline(name="tuning")
    def pipeline(log: str, gate: str):
        hyperparameter_tuning_job.HyperparameterTuningJobRunOp(
            display_name="tune",
            base_output_directory="gs://b/tune",
            worker_pool_specs=pools,
            study_spec_metrics=metrics,
            study_spec_parameters=space,
            max_trial_count=1,
            parallel_trial_count=1,
        ).set_caching_options(False)

    return pipeline


def _tuning_jobs(place: Place) -> list[str]:
    return [job["state"] for job in place.engine.list("hyperparameterTuningJobs")]


def test_a_tuning_job_goes_on_behind_its_task(place: Place, tuning: Any) -> None:
    name = place.begin(tuning, "job")
    place.engine.restart()
    place.engine.until(lambda: place.lines == ["job", "job"])
    assert _tuning_jobs(place) == ["JOB_STATE_RUNNING"]
    place.finish(name)

    assert len(_tuning_jobs(place)) == 1


def test_a_tuning_job_ends_with_a_run_that_was_being_cancelled(
    place: Place, tuning: Any, mocker: MockerFixture
) -> None:
    name = place.begin(tuning, "job")
    mocker.patch.object(place.engine.background, "cancel")
    place.engine.call("POST", f"/v1/{name}:cancel", {})
    place.engine.restart()
    place.engine.do(place.engine.background.wait(name))

    assert place.engine.get(name)["state"] == "PIPELINE_STATE_CANCELLED"
    assert _tuning_jobs(place) == ["JOB_STATE_CANCELLED"]


# Operations behind tasks: the engine is cut off right after the work is done.


def _cut(place: Place, mocker: MockerFixture, owner: type, method: str) -> Any:
    """Have the engine cut off right after a method has done its work."""
    real = getattr(owner, method)

    def done(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        place.engine.store.seal()
        return result

    return mocker.patch.object(owner, method, done)


def _cut_and_finish(place: Place, mocker: MockerFixture, pipeline: Any) -> dict[str, Any]:
    name = place.engine.begin(pipeline, {}, lambda: place.engine.store._sealed)
    mocker.stopall()
    place.engine.restart()
    return place.finish(name)


@pytest.fixture
def uploading(tmp_path: Path) -> Any:
    @dsl.pipeline(name="upload")
    def pipeline():
        ModelUploadOp(
            display_name="m", unmanaged_container_model=_model(tmp_path)
        ).set_caching_options(False)

    return pipeline


def _model(folder: Path) -> Any:
    from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel

    container = {
        "imageUri": "acme/flowers:1",
        "command": ["python", str(Path(__file__).parents[1] / "flower_server.py")],
    }
    return dsl.importer(
        artifact_uri=str(folder),
        artifact_class=UnmanagedContainerModel,
        metadata={"containerSpec": container},
    ).output


def test_a_model_is_uploaded_once(place: Place, mocker: MockerFixture, uploading: Any) -> None:
    _cut(place, mocker, Versions, "add")
    job = _cut_and_finish(place, mocker, uploading)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    models = place.engine.list("models")
    assert [model["versionId"] for model in models] == ["1"]
    assert artifact(job, "model-upload", "model")["metadata"] == {
        "resourceName": f"{models[0]['name']}@1"
    }


def test_an_upload_that_was_stopped_before_is_made_again(
    place: Place, mocker: MockerFixture, uploading: Any
) -> None:
    _cut(place, mocker, Operations, "start")
    job = _cut_and_finish(place, mocker, uploading)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert [model["versionId"] for model in place.engine.list("models")] == ["1"]


def test_an_endpoint_is_created_once(place: Place, mocker: MockerFixture) -> None:
    @dsl.pipeline(name="create")
    def pipeline():
        EndpointCreateOp(display_name="e").set_caching_options(False)

    real = Operations.settle

    async def settle(*args: Any, **kwargs: Any) -> Any:
        place.engine.store.seal()
        return await real(*args, **kwargs)

    mocker.patch.object(Operations, "settle", settle)
    job = _cut_and_finish(place, mocker, pipeline)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    names = [endpoint["name"] for endpoint in place.engine.list("endpoints")]
    assert [artifact(job, "endpoint-create", "endpoint")["metadata"]["resourceName"]] == names


@pytest.fixture
def deploying(tmp_path: Path) -> Any:
    @dsl.pipeline(name="deploy")
    def pipeline():
        model = ModelUploadOp(display_name="m", unmanaged_container_model=_model(tmp_path))
        endpoint = EndpointCreateOp(display_name="e")
        ModelDeployOp(
            model=model.outputs["model"],
            endpoint=endpoint.outputs["endpoint"],
            dedicated_resources_machine_type="n1-standard-2",
            dedicated_resources_min_replica_count=1,
            traffic_split={"0": 100},
        ).set_caching_options(False)

    return pipeline


def test_a_model_is_deployed_once(place: Place, mocker: MockerFixture, deploying: Any) -> None:
    _cut(place, mocker, Deployments, "_commit")
    job = _cut_and_finish(place, mocker, deploying)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    (endpoint,) = place.engine.list("endpoints")
    assert len(endpoint["deployedModels"]) == 1


def test_what_was_deleted_is_not_missed(place: Place, mocker: MockerFixture) -> None:
    @dsl.pipeline(name="delete")
    def pipeline():
        endpoint = EndpointCreateOp(display_name="e").outputs["endpoint"]
        EndpointDeleteOp(endpoint=endpoint).set_caching_options(False)

    real = Operations.settle

    async def settle(*args: Any, **kwargs: Any) -> Any:
        if not place.engine.store.all(Endpoint):
            place.engine.store.seal()
        return await real(*args, **kwargs)

    mocker.patch.object(Operations, "settle", settle)
    job = _cut_and_finish(place, mocker, pipeline)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert place.engine.list("endpoints") == []


@pytest.mark.parametrize(("standing", "state"), [(True, "SUCCEEDED"), (False, "FAILED")])
def test_a_run_that_was_only_just_stored_is_not_lost(
    place: Place, mocker: MockerFixture, standing: bool, state: str
) -> None:
    mocker.patch.object(PipelineJobs, "_begin")
    name = place.engine.create(chain, place.params)["name"]
    mocker.stopall()
    place.engine.restart(standing=standing)

    assert place.finish(name)["state"] == f"PIPELINE_STATE_{state}"
