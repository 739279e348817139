"""How a run that has ended short of its goal is started again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.cloud import aiplatform_v1

from vertex_flow.errors import ApiError, SettingError
from vertex_flow.names import SUBMISSION_LABEL, Resource
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs.failures import explained
from vertex_flow.runs.sending import create_once, fresh_id
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.client import Client

_TIME = re.compile(r"-\d{14}-\d{3}$")
_OF_SERVICE = "vertex-ai-"  # labels that Vertex AI puts on pipeline jobs by itself
_RESUMABLE = ("FAILED", "CANCELLED")
_KEPT = (
    "display_name",
    "pipeline_spec",
    "runtime_config",
    "labels",
    "service_account",
    "network",
    "reserved_ip_ranges",
    "psc_interface_config",
    "encryption_spec",
)


def resume(client: Client, name: str, say: Callable[[str], None] | None) -> str:
    """Submit what a failed or cancelled run was made of once more.

    Args:
        client: Speaks to the endpoint.
        name: Resource name of the pipeline job.
        say: Called with each line of what is done; None for silence.

    Returns:
        The resource name of the new pipeline job.

    Raises:
        SettingError: The run has succeeded, or has not ended.
        ApiError: The service refused.
    """
    old = client.get_pipeline_job(name)
    snapshot = Snapshot(old)
    run = Resource.parse(name).id
    _check(run, snapshot)
    job_id = fresh_id(_stem(run))
    try:
        created = create_once(client, job_id, _again(old), repeatable=False)
    except ApiError as error:
        raise explained(error, client.parent) from error
    if say:
        say(f"run {run} goes on as {job_id}")
        again = rerun_stages(snapshot)
        if again:
            say(f"again, as their caching is off: {plain(', '.join(again))}")
    return str(created.name)


def rerun_stages(snapshot: Snapshot) -> tuple[str, ...]:
    """Name the stages that have succeeded, and of which something runs again all the same.

    Args:
        snapshot: The run that is resumed.
    """
    done = [one.name for one in snapshot.stages if one.state in ("SUCCEEDED", "REUSED")]
    return tuple(name for name in done if not snapshot.blueprint.is_cached(name))


def _check(run: str, snapshot: Snapshot) -> None:
    if snapshot.state in _RESUMABLE:
        return
    if snapshot.is_over:
        raise SettingError(
            f"run {run} has succeeded: nothing of it is left to do. A new run of its flow is "
            "started by flow.run()."
        )
    raise SettingError(
        f"run {run} is {snapshot.state}: it has not ended. To follow it: "
        f"Run.attach(context, {run!r}).wait(progress='auto'); to end it first: "
        f"vertex-flow cancel {run}."
    )


def _again(old: Any) -> aiplatform_v1.PipelineJob:
    """What was submitted, without what the service has added."""
    job = aiplatform_v1.PipelineJob(old)
    message = aiplatform_v1.PipelineJob.pb(job)
    for field, _ in message.ListFields():
        if field.name not in _KEPT:
            message.ClearField(field.name)
    for label in list(message.labels):
        if label == SUBMISSION_LABEL or label.startswith(_OF_SERVICE):
            del message.labels[label]
    return job


def _stem(run: str) -> str:
    """The id of a run without the time at its end, so that ids do not grow."""
    return _TIME.sub("", run)[:100]
