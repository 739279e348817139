"""How failures, cancelling and kills are told. No future annotations: KFP reads the real ones."""

import asyncio
import re

import pytest
from google.cloud.aiplatform_v1.types import PipelineJob
from kfp import dsl

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import Bench, details, states
from vertex_flow.engine.api.errors import out_of_disk

FAIL_FAST = {"failurePolicy": "PIPELINE_FAILURE_POLICY_FAIL_FAST"}


@dsl.pipeline(name="failing")
def failing(text: str = "boom"):
    broken = ops.fail(text=text)
    ops.say(text=broken.output)
    ops.say(text="independent of the failure")


@dsl.pipeline(name="inner")
def inner():
    ops.fail()


@dsl.pipeline(name="nested")
def nested():
    inner()


@dsl.pipeline(name="sleeping")
def sleeping(mark: str):
    ops.say(text=ops.sleep(mark=mark).output)


def test_the_message_is_the_users_own(bench: Bench) -> None:
    message = details(bench.run(failing))["fail"]["error"]["message"]

    assert re.fullmatch(
        r"""The process ended with exit code 1\.
Traceback \(most recent call last\):
  File "ephemeral_component\.py", line \d+, in fail
    raise ValueError\(text\)
ValueError: boom
Log: \S+/logs/pipelineJobs/\S+/fail\.log""",
        message,
    )


def test_the_log_is_where_the_message_says(bench: Bench) -> None:
    message = details(bench.run(failing))["fail"]["error"]["message"]

    with open(message.rpartition("Log: ")[2]) as log:
        assert "ValueError: boom" in log.read()


def test_what_does_not_need_the_failed_task_runs(bench: Bench) -> None:
    expected = {"fail": "FAILED", "say": "NOT_TRIGGERED", "say-2": "SUCCEEDED"}
    assert {**states(bench.run(failing)), "say-2": "SUCCEEDED"} == expected


def test_the_job_names_the_failed_task_and_says_why(bench: Bench) -> None:
    job = bench.run(nested)

    failed = details(job)["inner.fail"]["error"]
    assert job["error"] == {
        "code": 9,
        "message": "The DAG failed because some tasks failed. "
        f"The failed tasks are: [inner > fail].\ninner > fail: {failed['message']}",
    }


def test_the_job_gives_the_reason_of_the_first_failure(bench: Bench) -> None:
    @dsl.pipeline(name="twice")
    def pipeline():
        first = ops.fail(text="first")
        ops.fail(text="second").after(first).ignore_upstream_failure()

    message = bench.run(pipeline)["error"]["message"]

    assert "The failed tasks are: [fail, fail-2].\nfail: The process ended" in message
    assert "ValueError: first\n" in message
    assert "second" not in message


def test_a_signal_is_told_in_words(bench: Bench) -> None:
    @dsl.pipeline(name="killed")
    def pipeline():
        ops.die()

    message = details(bench.run(pipeline))["die"]["error"]["message"]

    assert message.startswith("The process ended with signal 9 (SIGKILL).")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("output", "the output 'Output' is inf, and a pipeline keeps finite numbers only."),
        (
            "metrics",
            "'loss' in the metadata of the output 'metrics' is nan, and a pipeline keeps finite "
            "numbers only.",
        ),
    ],
)
def test_a_number_that_is_none_fails_its_task(bench: Bench, where: str, message: str) -> None:
    @dsl.pipeline(name="diverged")
    def pipeline():
        ops.diverge(where=where)

    found = details(bench.run(pipeline))["diverge"]["error"]["message"]

    assert found.startswith(message)


@dsl.container_component
def wait_for(path: str):
    return dsl.ContainerSpec(
        image="alpine",
        command=["sh", "-c", 'while [ ! -e "$0" ]; do sleep 0.02; done'],
        args=[path],
    )


def test_fail_fast_starts_nothing_more(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="fast")
    def pipeline(path: str):
        ops.fail()
        ops.say(text="not wanted").after(wait_for(path=path))

    job = bench.create(pipeline, {"path": f"{tmp_path}/go"}, **FAIL_FAST)
    while states(bench.get(job["name"])).get("fail") != "FAILED":
        bench.do(asyncio.sleep(0.02))
    (tmp_path / "go").touch()

    found = states(bench.finish(job["name"]))
    assert found == {"fail": "FAILED", "wait-for": "SUCCEEDED", "say": "NOT_TRIGGERED"}


def test_cancelling_ends_the_process(bench: Bench, tmp_path, processes) -> None:
    job = bench.create(sleeping, {"mark": f"{tmp_path}/mark"})
    bench.do(_until_exists(tmp_path / "mark"))

    bench.call("POST", f"/v1/{job['name']}:cancel", {})
    job = bench.finish(job["name"])

    assert job["state"] == "PIPELINE_STATE_CANCELLED"
    assert states(job) == {"sleep": "CANCELLED"}
    assert not processes(tmp_path)


def test_a_cancelled_job_can_be_cancelled_again(bench: Bench) -> None:
    job = bench.run(failing)

    assert bench.call("POST", f"/v1/{job['name']}:cancel", {}) == {}


def test_what_a_killed_engine_left_running_has_failed(bench: Bench, tmp_path) -> None:
    job = bench.create(sleeping, {"mark": f"{tmp_path}/mark"})
    bench.do(_until_exists(tmp_path / "mark"))
    bench.service._live[job["name"]].flush()
    left = bench.store.get(PipelineJob, job["name"])
    bench.do(bench.background.cancel(job["name"]))
    bench.store.save(left)

    bench.do(_recovered(bench))

    found = bench.get(job["name"])
    assert found["error"] == {
        "code": 10,
        "message": "The engine stopped while this was under way.",
    }
    assert states(found) == {"sleep": "FAILED"}


async def _recovered(bench: Bench) -> None:
    bench.service.recover()


async def _until_exists(path) -> None:
    while not path.exists():
        await asyncio.sleep(0.02)


def test_a_full_disk_fails_the_run_with_the_reason(bench: Bench, monkeypatch) -> None:
    @dsl.pipeline(name="full")
    def pipeline():
        ops.say(text="full disk")

    def full(message) -> None:
        raise out_of_disk("storing a resource")

    job = bench.create(pipeline)
    monkeypatch.setattr(bench.store, "save", full)
    found = bench.finish(job["name"])
    monkeypatch.undo()

    assert found["state"] == "PIPELINE_STATE_FAILED"
    assert "The disk that holds the engine's folder is full" in found["error"]["message"]
    assert bench.run(pipeline)["state"] == "PIPELINE_STATE_SUCCEEDED"


def test_an_output_of_another_type_fails_its_task(bench: Bench) -> None:
    @dsl.container_component
    def wrong(number: dsl.OutputPath(int)):
        return dsl.ContainerSpec(
            image="alpine", command=["sh", "-c", 'echo many > "$0"'], args=[number]
        )

    @dsl.pipeline(name="wrong")
    def pipeline():
        wrong()

    assert details(bench.run(pipeline))["wrong"]["error"]["message"] == (
        "The output 'number' is 'many\\n': expected NUMBER_INTEGER."
    )


def test_an_output_message_that_is_no_object_fails_its_task(bench: Bench) -> None:
    @dsl.container_component
    def odd():
        return dsl.ContainerSpec(
            image="alpine",
            command=["sh", "-c", 'echo [] > "$0"'],
            args=["{{$.outputs.output_file}}"],
        )

    @dsl.pipeline(name="odd")
    def pipeline():
        odd()

    message = details(bench.run(pipeline))["odd"]["error"]["message"]
    assert message.endswith("executor_output.json holds []: expected a JSON object.")


def test_cancelling_ends_what_a_container_has_started(bench: Bench, tmp_path, processes) -> None:
    @dsl.container_component
    def spawn(mark: str):
        return dsl.ContainerSpec(
            image="alpine",
            command=["sh", "-c", '(sleep 300; echo "$0") & touch "$0"; wait'],
            args=[mark],
        )

    @dsl.pipeline(name="spawn")
    def pipeline(mark: str):
        spawn(mark=mark)

    job = bench.create(pipeline, {"mark": f"{tmp_path}/mark"})
    bench.do(_until_exists(tmp_path / "mark"))
    bench.call("POST", f"/v1/{job['name']}:cancel", {})

    assert states(bench.finish(job["name"])) == {"spawn": "CANCELLED"}
    assert not processes(tmp_path)


def test_exit_tasks_run_also_when_a_job_fails_fast(bench: Bench) -> None:
    @dsl.pipeline(name="fast-exit")
    def pipeline():
        with dsl.ExitHandler(ops.report()):
            ops.fail()

    assert states(bench.run(pipeline, **FAIL_FAST))["report"] == "SUCCEEDED"
