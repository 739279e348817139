"""Why a run failed: from its task to the job behind it, to what that has printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from vertex_flow.client import Client
from vertex_flow.console import logs_url, resource_url
from vertex_flow.errors import ApiError, QuotaExceeded, RunFailed, SettingError
from vertex_flow.names import Resource
from vertex_flow.report.causes import Diagnosis, diagnose
from vertex_flow.report.snapshot import Failure, Snapshot
from vertex_flow.runs.logs import plain_line, query_of
from vertex_flow.texts import plain

_LOG_LINE = re.compile(r"^Log: (.+)$", re.MULTILINE)
_SEE_LOGS = re.compile(
    r"\s*To find out more about why your job exited,? please check the logs:\s*\S*"
)
_UNSAID = ("exit", "exception")
_LINES = 15
_MEND = "mend the code and run the flow again: what has succeeded and not changed is reused."

ReadLogs = Callable[[str, int], str]
"""Reads the newest lines that Cloud Logging has for a filter."""

Say = Callable[[str], None]


@attrs.frozen
class Behind:
    """What stands behind a task that failed.

    Attributes:
        name: Resource name of a job or operation; empty when none is known.
        said: Its own error, or the empty text.
        jobs: Names of the jobs whose logs tell more.
    """

    name: str = ""
    said: str = ""
    jobs: tuple[str, ...] = ()


def local_failure(snapshot: Snapshot) -> RunFailed:
    """Word the failure of a run on this machine, whose tasks say the end of their logs.

    Args:
        snapshot: The run, over.
    """
    failure = snapshot.first_failure()
    reason = failure.reason if failure else snapshot.reason
    log = _LOG_LINE.search(reason)
    place = Resource.parse(snapshot.name)
    found = diagnose(reason, project=place.project, location=place.location)
    if found is not None and found.kind == "exception":
        found = attrs.evolve(found, fix=_MEND)
    return _run_failed(snapshot, failure, reason, found, logs_uri=log.group(1) if log else None)


def cloud_failure(snapshot: Snapshot, client: Client, read_logs: ReadLogs, say: Say) -> RunFailed:
    """Find out why a run on Vertex AI failed.

    The task's own error says little there. What it made is looked at, the job with the trial
    that failed, or the operation, and when that does not say why either, its log.

    Args:
        snapshot: The run, over.
        client: Vertex AI.
        read_logs: Reads Cloud Logging; what it may not read is left out.
        say: Told what could not be read, a sentence each.
    """
    failure = snapshot.first_failure()
    behind = _behind(client, snapshot, failure, say) if failure else Behind()
    project, location = client.parent.split("/")[1::2]
    reason = behind.said or (failure.reason if failure else snapshot.reason)
    reason = "\n".join(map(plain_line, _SEE_LOGS.sub("", reason).strip().splitlines()))
    found = diagnose(reason, project=project, location=location)
    if failure and (found is None or found.kind in _UNSAID):
        log = _log_of(snapshot, behind.jobs, read_logs, say)
        found = diagnose(f"{reason}\n{log}", project=project, location=location) or found
        reason = "\n".join(filter(None, [reason, *log.splitlines()[-_LINES:]]))
    links = dict(_links(snapshot, behind, project))
    return _run_failed(snapshot, failure, reason, found, logs_uri=links.get("logs"), links=links)


def explained(error: ApiError, parent: str) -> ApiError:
    """Add the likely cause to a refusal whose words say it, such as of an identity.

    Args:
        error: The refusal.
        parent: `projects/P/locations/L`.
    """
    kind = type(error)
    if kind not in (ApiError, QuotaExceeded) or (error.cause and kind is ApiError):
        return error
    project, location = parent.split("/")[1::2]
    found = diagnose(error.message, project=project, location=location)
    if found is None:
        return error
    return kind(error.code, error.status, error.message, cause=found.cause, fix=found.fix)


def _run_failed(
    snapshot: Snapshot,
    failure: Failure | None,
    reason: str,
    found: Diagnosis | None,
    **more: Any,
) -> RunFailed:
    return RunFailed(
        snapshot.name,
        stage=failure.stage if failure else None,
        task=failure.task if failure else None,
        reason=reason,
        cause=found.cause if found else "",
        fix=found.fix if found else "",
        **more,
    )


def _behind(client: Client, snapshot: Snapshot, failure: Failure, say: Say) -> Behind:
    """Look at what a task made, as far as it can be seen."""
    name = next(iter(failure.resources), "") or _job_by_name(client, snapshot, failure, say)
    name = name or failure.job
    own = (failure.job,) if failure.job and failure.job != name else ()
    try:
        if "/operations/" in name:
            error = client.read(name).get("error", {})
            return Behind(name, str(error.get("message", "")), own)
        if "/hyperparameterTuningJobs/" in name:
            return _tuning(client, name)
        if "/customJobs/" in name:
            return Behind(name, client.get_custom_job(name).error.message, (name,))
    except ApiError as error:  # it was deleted, or the caller may not see it
        kind = "operation" if "/operations/" in name else "job"
        say(f"the {kind} {plain(name)} could not be read: {plain(error.message)}")
    return Behind(name, "", own)


def _job_by_name(client: Client, snapshot: Snapshot, failure: Failure, say: Say) -> str:
    """Find the job of a stage by its display name, where a failed task did not say what it made."""
    stage = str(failure.stage)
    try:
        return client.job_of(snapshot.name, stage, [failure.task])
    except ApiError as error:
        say(f"the jobs of {plain(stage)} could not be listed: {plain(error.message)}")
        return ""


def _tuning(client: Client, name: str) -> Behind:
    """A tuning job fails by its trials: the first that failed says why."""
    job = client.get_tuning_job(name)
    failed = [one for one in job.trials if one.state.name in ("FAILED", "INFEASIBLE")]
    if not failed:
        return Behind(name, job.error.message, (name,))
    trial = failed[0]
    said = trial.infeasible_reason
    if trial.custom_job:
        said = client.get_custom_job(trial.custom_job).error.message or said
    lines = [job.error.message, f"trial {trial.id}: {said}" if said else ""]
    return Behind(name, "\n".join(filter(None, lines)), (trial.custom_job or name,))


def _log_of(snapshot: Snapshot, jobs: Sequence[str], read_logs: ReadLogs, say: Say) -> str:
    """The end of what some jobs have printed as errors, or at all; nothing when it is hidden."""
    if not jobs:
        return ""
    try:
        errors = read_logs(query_of(snapshot.name, jobs, severity="ERROR"), 100)
        return errors or read_logs(query_of(snapshot.name, jobs), 100)
    except (ApiError, SettingError) as error:
        said = plain(str(getattr(error, "message", error)))
        say(f"the log of what failed could not be read: {said}")
        return ""


def _links(snapshot: Snapshot, behind: Behind, project: str) -> Iterator[tuple[str, str]]:
    page = resource_url(snapshot.name, project)
    if page:
        yield "run", page
    made = _page(behind.name, project)
    if made:
        yield "job", made
    yield "logs", logs_url(query_of(snapshot.name, behind.jobs), project)


def _page(name: str, project: str) -> str | None:
    """The page of a job, or of the resource that an operation works on."""
    try:
        return resource_url(name.partition("/operations/")[0], project) if name else None
    except SettingError:
        return None
