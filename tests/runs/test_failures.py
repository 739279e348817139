"""Why a run failed: from its task to the job behind it, and to what that has printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.jobs import NAME, job, message, task
from tests.loopback import PARENT, Loopback, error, serving
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, PermissionMissing, QuotaExceeded, RunFailed, SettingError
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.failures import cloud_failure, explained, local_failure

CUSTOM, TUNING = f"{PARENT}/customJobs/7", f"{PARENT}/hyperparameterTuningJobs/8"
ENDPOINT = f"{PARENT}/endpoints/5"
CONSOLE = "https://console.cloud.google.com"
RUN_PAGE = f"{CONSOLE}/vertex-ai/locations/us-central1/pipelines/runs/sample-1?project=acme"
DAG = "The DAG failed because some tasks failed. The failed tasks are: [custom-training-job]."
STATUS = "The replica workerpool0-0 exited with a non-zero status of 1."
SEE = (
    " To find out more about why your job exited please check the logs: "
    "https://console.cloud.google.com/logs/viewer?project=1&resource=ml_job%2Fjob_id%2F7"
)
QUOTA = (
    "The following quota metrics exceed quota limits: "
    "aiplatform.googleapis.com/custom_model_training_cpus"
)
IMAGE = "us-central1-docker.pkg.dev/acme/vertex-flow/trainer:latest"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


class Logs:
    """Cloud Logging: what it answers, and what it was asked."""

    def __init__(self, *answers: str | ApiError | SettingError) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def __call__(self, query: str, lines: int) -> str:
        self.asked.append(query)
        one = self._answers.pop(0) if self._answers else ""
        if isinstance(one, str):
            return one
        raise one


def failed(name: str, error: str, *, made: str = "", main: str = "") -> Snapshot:
    """A run whose stage `fit` failed in a task."""
    more: dict[str, Any] = {}
    if made:
        uri = f"https://us-central1-aiplatform.googleapis.com/v1/{made}"
        resources = {"resources": [{"resourceType": "x", "resourceUri": uri}]}
        more["values"] = {"gcp_resources": json.dumps(resources)}
    if main:
        more["executorDetail"] = {"containerDetail": {"mainJob": main}}
    inside = task(2, name, "FAILED", parent=1, error=error, **more)
    return Snapshot(message(job("FAILED", task(1, "fit", "FAILED", error=DAG), inside)))


def found(
    server: Loopback,
    snapshot: Snapshot,
    logs: Logs | None = None,
    said: list[str] | None = None,
) -> RunFailed:
    say = (said if said is not None else []).append
    return cloud_failure(snapshot, Client(server.url, PARENT, "secret"), logs or Logs(), say)


def test_a_quota_is_named(server: Loopback) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"code": 8, "message": QUOTA}})
    error = found(server, failed("custom-training-job", DAG, made=CUSTOM))
    query = "resource.type%3D%22ml_job%22%20resource.labels.job_id%3D%28%227%22%29"
    assert str(error) == (
        f"{NAME} failed in stage 'fit', task 'custom-training-job':\n"
        f"{QUOTA}\n"
        "  Cause: the quota aiplatform.googleapis.com/custom_model_training_cpus of project acme "
        "in us-central1 is used up.\n"
        f"  Fix: see and raise it at {CONSOLE}/iam-admin/quotas?project=acme, wait for other jobs "
        "to end, or ask for fewer or other machines or another location.\n"
        f"  Run: {RUN_PAGE}\n"
        f"  Job: {CONSOLE}/vertex-ai/locations/us-central1/training/7?project=acme\n"
        f"  Logs: {CONSOLE}/logs/query;query={query}?project=acme"
    )


def test_an_image_that_is_missing(server: Loopback) -> None:
    said = f'Failed to pull image "{IMAGE}": rpc error: code = NotFound desc = not found'
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"code": 9, "message": said}})
    error = found(server, failed("custom-training-job", DAG, made=CUSTOM))
    assert (error.cause, error.fix) == (
        f"the image {IMAGE} is not in its registry.",
        "GcpContext(project='acme').build_image(trainer) builds and pushes it; or name one that "
        "is there: Trainer(..., image=...), GcpContext(training_image=...).",
    )


def test_an_exit_status_is_looked_up_in_the_log(server: Loopback) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": STATUS + SEE}})
    trace = (
        'Traceback (most recent call last):\n  File "/app/task.py", line 3, in main\nKeyError: 1'
    )
    logs = Logs(trace)
    error = found(server, failed("custom-training-job", DAG, made=CUSTOM), logs)
    assert error.reason == f"{STATUS}\n{trace}"
    assert error.cause == "KeyError: 1, raised at /app/task.py:3 in main."
    assert logs.asked == ['resource.type="ml_job" resource.labels.job_id=("7") severity>=ERROR']


def test_where_no_errors_were_logged_all_is_read(server: Loopback) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": STATUS}})
    logs = Logs("", "task.py: error: unrecognized arguments: --x")
    error = found(server, failed("custom-training-job", DAG, made=CUSTOM), logs)
    assert error.cause == "the training code does not know the arguments --x."
    assert len(logs.asked) == 2


def test_logs_that_may_not_be_read_are_left_out(server: Loopback) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": STATUS}})
    logs = Logs(ApiError(403, "PERMISSION_DENIED", "no"))
    error = found(server, failed("custom-training-job", DAG, made=CUSTOM), logs)
    assert (error.reason, error.cause) == (STATUS, "the process ended with exit code 1.")


def test_a_job_that_a_failed_task_did_not_name_is_found_by_its_display_name(
    server: Loopback,
) -> None:
    server.on(f"GET /v1/{PARENT}/customJobs", {"customJobs": [{"name": CUSTOM}]})
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": QUOTA}})
    error = found(server, failed("custom-training-job", DAG))
    assert error.reason == QUOTA
    assert "display_name%3D%22sample-1-fit%22" in server.asked[0][1]


def test_a_trial_that_failed_is_named(server: Loopback) -> None:
    trials = [
        {"id": "1", "state": "SUCCEEDED"},
        {"id": "2", "state": "INFEASIBLE", "customJob": CUSTOM},
    ]
    said = {"message": "Too many trials failed."}
    server.on(f"GET /v1/{TUNING}", {"name": TUNING, "trials": trials, "error": said})
    low = "Replicas low on memory: workerpool0."
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": low}})
    error = found(server, failed("hyperparameter-tuning-job", DAG, made=TUNING))
    assert error.reason == f"Too many trials failed.\ntrial 2: {low}"
    assert error.cause == "the machine's memory is full, and the process was killed."
    assert error.links["job"].endswith("/training/8?project=acme")


def test_a_tuning_job_is_found_by_its_display_name(server: Loopback) -> None:
    server.on(
        f"GET /v1/{PARENT}/hyperparameterTuningJobs",
        {"hyperparameterTuningJobs": [{"name": TUNING}]},
    )
    trial = {"id": "1", "state": "INFEASIBLE", "infeasibleReason": "it gave no metric"}
    server.on(f"GET /v1/{TUNING}", {"name": TUNING, "trials": [trial]})
    error = found(server, failed("hyperparameter-tuning-job", DAG))
    assert error.reason == "trial 1: it gave no metric"


def test_a_tuning_job_that_failed_as_a_whole(server: Loopback) -> None:
    server.on(f"GET /v1/{TUNING}", {"name": TUNING, "error": {"message": QUOTA}})
    error = found(server, failed("hyperparameter-tuning-job", DAG, made=TUNING))
    assert error.reason == QUOTA


def test_a_task_that_only_begins_like_one_of_googles_has_no_job(server: Loopback) -> None:
    error = found(server, failed("hyperparameter-tuning-job-x", "no luck"))
    assert (error.reason, server.asked) == ("no luck", [])


def test_an_operation_says_why_a_model_was_not_deployed(server: Loopback) -> None:
    name = f"{PARENT}/endpoints/5/operations/6"
    quota = "The following quotas are exceeded: CustomModelServingCPUsPerProjectPerRegion"
    server.on(f"GET /v1/{name}", {"name": name, "done": True, "error": {"message": quota}})
    error = found(server, failed("model-deploy", DAG, made=name))
    assert error.reason == quota
    assert error.cause.startswith("the quota CustomModelServingCPUsPerProjectPerRegion of")
    assert error.links["job"] == (
        f"{CONSOLE}/vertex-ai/locations/us-central1/endpoints/5?project=acme"
    )


def test_a_component_of_python_is_read_from_its_own_job(server: Loopback) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": STATUS}})
    logs = Logs("ModuleNotFoundError: No module named 'pandas'")
    error = found(server, failed("make-model", DAG, main=CUSTOM), logs)
    assert error.cause == "the module pandas is not where the code runs."


@pytest.mark.parametrize("made", [CUSTOM, TUNING, f"{PARENT}/endpoints/5/operations/6"])
def test_what_is_gone_leaves_the_task_to_say_it(server: Loopback, made: str) -> None:
    error = found(server, failed("custom-training-job", QUOTA, made=made))
    assert error.reason == QUOTA


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (CUSTOM, f"the job {CUSTOM} could not be read: not yours"),
        (f"{ENDPOINT}/operations/6", f"the operation {ENDPOINT}/operations/6 could not be read: "
         "not yours"),
        ("", "the jobs of fit could not be listed: not yours"),
    ],
)  # fmt: skip
def test_what_may_not_be_seen_is_said(server: Loopback, made: str, line: str) -> None:
    refusal = error(403, "PERMISSION_DENIED", "not yours")
    for path in (made, f"{PARENT}/customJobs"):
        server.on(f"GET /v1/{path}", refusal, code=403)
    said: list[str] = []
    found(server, failed("custom-training-job", QUOTA, made=made), said=said)
    assert said == [line]


@pytest.mark.parametrize(
    "refusal", [ApiError(403, "PERMISSION_DENIED", "not yours"), SettingError("not yours")]
)
def test_a_log_that_may_not_be_read_is_said(
    server: Loopback, refusal: ApiError | SettingError
) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": STATUS}})
    said: list[str] = []
    error = found(server, failed("make-model", DAG, main=CUSTOM), Logs(refusal), said)
    assert (error.reason, said) == (STATUS, ["the log of what failed could not be read: not yours"])


def test_what_a_job_says_is_no_markup(server: Loopback) -> None:
    server.on(f"GET /v1/{CUSTOM}", {"name": CUSTOM, "error": {"message": "a\x1b[2J\nb"}})
    error = found(server, failed("custom-training-job", DAG, made=CUSTOM))
    assert error.reason == "a\\x1b[2J\nb"


@pytest.mark.parametrize("made", ["", "nonsense", "{"])
def test_a_task_that_made_nothing(server: Loopback, made: str) -> None:
    error = found(server, failed("custom-training-job", "no luck", made=made))
    assert (error.reason, error.cause, error.fix) == ("no luck", "", "")
    assert list(error.links) == ["run", "logs"]


def test_a_run_that_failed_before_any_task(server: Loopback) -> None:
    error = found(server, Snapshot(message(job("FAILED", error=QUOTA))))
    assert (error.stage, error.task) == (None, None)
    assert error.cause.startswith("the quota aiplatform.googleapis.com/custom_model_training_cpus")


def test_on_this_machine_the_log_is_in_the_reason() -> None:
    reason = "It failed.\nModuleNotFoundError: No module named 'pandas'\nLog: /logs/x.log"
    error = local_failure(failed("make-model", reason))
    assert (error.reason, error.logs_uri, error.links) == (reason, "/logs/x.log", {})
    assert error.cause == "the module pandas is not where the code runs."


def test_an_exception_on_this_machine_is_not_sent_to_this_machine() -> None:
    reason = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no luck'
    error = local_failure(failed("make-model", reason))
    assert error.fix == (
        "mend the code and run the flow again: what has succeeded and not changed is reused."
    )


def test_a_refusal_gets_its_cause() -> None:
    error = explained(
        ApiError(400, "INVALID_ARGUMENT", "Machine type 'x1' is not supported"), PARENT
    )
    assert error.cause == (
        "there are no machines of type x1 in us-central1, or not with that accelerator."
    )


def test_a_quota_gets_its_name() -> None:
    error = QuotaExceeded(429, "RESOURCE_EXHAUSTED", QUOTA, cause="a quota is used up")
    again = explained(error, PARENT)
    assert isinstance(again, QuotaExceeded)
    assert again.cause.startswith("the quota aiplatform.googleapis.com/custom_model_training_cpus")


@pytest.mark.parametrize(
    "error",
    [
        ApiError(400, "INVALID_ARGUMENT", "something else"),
        ApiError(400, "INVALID_ARGUMENT", QUOTA, cause="known"),
        PermissionMissing(403, "PERMISSION_DENIED", QUOTA, permission="p", cause="c", fix="f"),
    ],
)
def test_other_refusals_stay_as_they_are(error: ApiError) -> None:
    assert explained(error, PARENT) is error
