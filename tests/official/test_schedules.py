"""`aiplatform.PipelineJobSchedule` against the engine. No future annotations: KFP reads them."""

import time
from pathlib import Path

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.types import Schedule
from kfp import compiler, dsl

from tests.official.conftest import Official


@dsl.container_component
def note(text: str):
    return dsl.ContainerSpec(image="busybox", command=["echo"], args=[text])


@dsl.pipeline(name="nightly")
def nightly(text: str):
    note(text=text)


@pytest.fixture(scope="module")
def job(sdk: Official, tmp_path_factory: pytest.TempPathFactory) -> aiplatform.PipelineJob:
    path = tmp_path_factory.mktemp("compiled") / "nightly.yaml"
    compiler.Compiler().compile(nightly, str(path))
    return _job(path)


def _job(path: Path) -> aiplatform.PipelineJob:
    return aiplatform.PipelineJob(
        display_name="nightly", template_path=str(path), parameter_values={"text": "hello"}
    )


def test_a_schedule_is_created_paused_resumed_updated_and_deleted(
    sdk: Official, job: aiplatform.PipelineJob
) -> None:
    schedule = job.create_schedule(
        cron="TZ=Europe/Berlin 30 3 * * 1-5", display_name="nightly", max_concurrent_run_count=2
    )
    assert schedule.state == Schedule.State.ACTIVE
    schedule.pause()
    assert schedule.state == Schedule.State.PAUSED
    schedule.resume()
    assert schedule.state == Schedule.State.ACTIVE
    schedule.update(display_name="weekly", cron="TZ=Europe/Berlin 30 3 * * 1", max_run_count=5)
    again = aiplatform.PipelineJobSchedule.get(schedule.resource_name)
    assert (again.display_name, again.cron) == ("weekly", "TZ=Europe/Berlin 30 3 * * 1")
    found = aiplatform.PipelineJobSchedule.list(filter='display_name="weekly"')
    assert [one.name for one in found] == [schedule.name]
    schedule.delete()
    with pytest.raises(NotFound):
        aiplatform.PipelineJobSchedule.get(schedule.resource_name)


@pytest.mark.torture
def test_a_run_starts_by_the_clock(sdk: Official, job: aiplatform.PipelineJob) -> None:
    schedule = job.create_schedule(cron="* * * * *", display_name="soon", max_run_count=1)
    while schedule.state != Schedule.State.COMPLETED:  # the time limit of tests ends the wait
        time.sleep(1)

    (run,) = schedule.list_jobs()
    run.wait()

    assert run.state.name == "PIPELINE_STATE_SUCCEEDED"
    assert run.gca_resource.schedule_name == schedule.resource_name
