"""`aiplatform.Tensorboard` and the logs of jobs, against the engine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform

from tests.official.conftest import Official

# TensorBoard imports all of TensorFlow where it finds it, unless there is a module of this name.
LIGHT = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
"""
WRITES = f"""{LIGHT}
import os
from tensorboard.summary import Writer

for run, start in (("train", 1.0), ("validation", 2.0)):
    writer = Writer(os.path.join(os.environ["AIP_TENSORBOARD_LOG_DIR"], run))
    for step in range(3):
        writer.add_scalar("loss", start / (step + 1), step)
    writer.close()
"""
READS = f"""{LIGHT}
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer

found = EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()
print(sorted(found.Runs()), [event.step for event in found.Tensors("train", "loss")])
"""
TELLS = """
import os
print(os.environ["AIP_EXPERIMENT_NAME"], os.environ["AIP_EXPERIMENT_RUN_NAME"])
"""
IMAGE = "us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-17.py310:latest"
ENDED = ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED")


def finished(code: str, base: str, **settings: Any) -> aiplatform.CustomJob:
    """Run code as a custom job, to its end."""
    job = aiplatform.CustomJob(
        display_name="writer",
        worker_pool_specs=[
            {
                "machine_spec": {"machine_type": "n1-standard-4"},
                "replica_count": 1,
                "container_spec": {"image_uri": IMAGE, "command": ["python", "-c", code]},
            }
        ],
        base_output_dir=base,
    )
    job.submit(**settings)
    while job.state.name not in ENDED:
        time.sleep(0.05)
    assert job.state.name == "JOB_STATE_SUCCEEDED", job.error
    return job


@pytest.fixture(scope="module")
def board(sdk: Official) -> Iterator[aiplatform.Tensorboard]:
    made = aiplatform.Tensorboard.create(display_name="ours", labels={"team": "vision"})
    yield made
    made.delete()


@pytest.fixture(scope="module")
def job(board: aiplatform.Tensorboard) -> aiplatform.CustomJob:
    """A job whose logs go into the instance."""
    account = "trainer@acme.iam.gserviceaccount.com"
    base = "gs://local/with-board"
    return finished(WRITES, base, tensorboard=board.resource_name, service_account=account)


def test_an_instance(board: aiplatform.Tensorboard) -> None:
    found = aiplatform.Tensorboard(board.resource_name)
    assert (found.display_name, found.labels) == ("ours", {"team": "vision"})


def test_an_instance_changes(board: aiplatform.Tensorboard) -> None:
    board.update(description="changed")
    assert aiplatform.Tensorboard(board.name).gca_resource.description == "changed"


def test_runs_and_series_made_by_hand(board: aiplatform.Tensorboard) -> None:
    experiment = aiplatform.TensorboardExperiment.create("by-hand", board.resource_name)
    run = aiplatform.TensorboardRun.create("one", experiment.resource_name)
    run.create_tensorboard_time_series("loss")
    run.write_tensorboard_scalar_data({"loss": 0.5}, step=1)
    (point,) = run.read_time_series_data()["loss"].values
    assert (point.step, point.scalar.value) == (1, 0.5)
    experiment.delete()
    names = [one.name for one in aiplatform.TensorboardExperiment.list(board.resource_name)]
    assert "by-hand" not in names


def test_the_logs_of_a_job_are_in_an_experiment_of_its_name(
    board: aiplatform.Tensorboard, job: aiplatform.CustomJob
) -> None:
    runs = aiplatform.TensorboardRun.list(
        tensorboard_experiment_name=job.name, tensorboard_id=board.name
    )
    found = {run.display_name: run.read_time_series_data()["loss"].values for run in runs}
    assert {
        name: [(point.step, round(point.scalar.value, 3)) for point in points]
        for name, points in found.items()
    } == {
        "train": [(0, 1.0), (1, 0.5), (2, 0.333)],
        "validation": [(0, 2.0), (1, 1.0), (2, 0.667)],
    }


def test_waiting_for_such_a_job_warns_of_nothing(
    job: aiplatform.CustomJob, caplog: pytest.LogCaptureFixture
) -> None:
    """Google's client ends the runs of the job's logs."""
    job._block_until_complete()
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == []
    assert aiplatform.Context.get(f"{job.name}-train").metadata["_state"] == "COMPLETE"


def test_the_experiment_of_logs_is_no_experiment_of_a_user(job: aiplatform.CustomJob) -> None:
    assert job.name not in {one.name for one in aiplatform.Experiment.list()}


def test_tensorboard_itself_reads_the_logs(sdk: Official, job: aiplatform.CustomJob) -> None:
    logs = sdk.path("gs://local/with-board/logs")
    command = [sys.executable, "-c", READS, str(logs)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "['train', 'validation'] [0, 1, 2]\n"


@pytest.mark.slow
def test_googles_uploader(
    sdk: Official, board: aiplatform.Tensorboard, job: aiplatform.CustomJob
) -> None:
    """It loads TensorFlow; and it speaks REST, like the rest of the SDK."""
    aiplatform.upload_tb_log(
        tensorboard_id=board.name,
        tensorboard_experiment_name="uploaded",
        logdir=str(sdk.path("gs://local/with-board/logs")),
    )
    runs = aiplatform.TensorboardRun.list(
        tensorboard_experiment_name="uploaded", tensorboard_id=board.name
    )
    assert {run.display_name for run in runs} == {"train", "validation"}
    assert [len(run.read_time_series_data()["loss"].values) for run in runs] == [3, 3]


def test_a_job_in_an_experiment_gets_a_run_of_its_own(sdk: Official) -> None:
    aiplatform.Experiment.create("of-jobs")
    job = finished(TELLS, "gs://local/of-jobs", experiment="of-jobs")
    run = aiplatform.ExperimentRun(job.name, "of-jobs")
    assert run.get_state() == "COMPLETE"
    assert [one.name for one in run.get_logged_custom_jobs()] == [job.name]
    log = _log(sdk, job)
    assert log == f"of-jobs {job.name}"


def test_a_job_in_a_run(sdk: Official) -> None:
    aiplatform.Experiment.create("of-runs")
    run = aiplatform.ExperimentRun.create("mine", experiment="of-runs")
    job = finished(TELLS, "gs://local/of-runs", experiment="of-runs", experiment_run="mine")
    found = aiplatform.ExperimentRun("mine", "of-runs")
    assert [one.name for one in found.get_logged_custom_jobs()] == [job.name]
    assert found.get_state() == "RUNNING"
    run.end_run()
    ended = aiplatform.ExperimentRun("mine", "of-runs")
    assert [one.name for one in ended.get_logged_custom_jobs()] == [job.name]
    assert _log(sdk, job) == "of-runs mine"


def _log(sdk: Official, job: aiplatform.CustomJob) -> str:
    """The last line that a job has printed."""
    log: Path = sdk.engine.home / "logs" / "customJobs" / job.name / "workerpool0-0.log"
    return log.read_text().splitlines()[-1]
