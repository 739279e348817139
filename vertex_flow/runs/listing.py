"""The runs of a place, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.errors import ApiError, SettingError, nearest
from vertex_flow.names import Resource
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.texts import iso

if TYPE_CHECKING:
    from vertex_flow.client import Client

STATES = ("QUEUED", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLING", "CANCELLED")

_SUGGESTED = 200  # runs whose ids may have been meant
_SHOWN = ("name", "display_name", "state", "labels", "create_time", "start_time", "end_time")


@attrs.frozen
class RunEntry:
    """A run in a list.

    Attributes:
        name: Resource name.
        job_id: The last part of it.
        flow: Name of the flow.
        state: One of `STATES`.
        start: When it started, or was created while it has not.
        end: When it ended, or None.
        labels: Its labels.
    """

    name: str
    job_id: str
    flow: str
    state: str
    start: datetime | None
    end: datetime | None
    labels: Mapping[str, str]

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it has not ended."""
        if self.start is None or self.end is None:
            return None
        return (self.end - self.start).total_seconds()

    def as_json(self) -> dict[str, Any]:
        """What it says as plain data, which `json.dumps` writes."""
        return {
            "id": self.job_id,
            "name": self.name,
            "flow": self.flow,
            "state": self.state,
            "start": iso(self.start),
            "end": iso(self.end),
            "seconds": self.seconds,
            "labels": dict(self.labels),
        }


def wanted(*, flow: str | None = None, state: str | None = None, limit: int = 1) -> str:
    """Write the filter for some runs.

    Args:
        flow: Only those of this flow.
        state: Only those in this state.
        limit: How many are to be listed at most.

    Raises:
        SettingError: There is no such state, or the limit is no whole number from 1.
    """
    from vertex_flow.client import named

    if type(limit) is not int or limit < 1:
        raise SettingError(f"Run.list(limit={limit!r}): expected a whole number from 1.")
    terms = [] if flow is None else [named(flow)]
    if state is not None:
        if state not in STATES:
            raise SettingError(
                f"Run.list(state={state!r}): expected one of {', '.join(STATES)}."
                + nearest(str(state), list(STATES))
            )
        terms.append(f'state="PIPELINE_STATE_{state}"')
    return " AND ".join(terms)


def entries(client: Client, text: str, limit: int) -> tuple[RunEntry, ...]:
    """List runs, the newest first.

    Args:
        client: Speaks to the endpoint.
        text: Only those that match this filter.
        limit: How many at most.
    """
    return tuple(map(_entry, client.pipeline_jobs(text, _SHOWN, limit)))


def suggest(client: Client, job_id: str, error: BaseException) -> BaseException:
    """Say which run may have been meant, where there is none of an id.

    Args:
        client: Speaks to the endpoint.
        job_id: The id.
        error: Why the run could not be read.

    Returns:
        A refusal with the nearest id; the error itself where it is another one.
    """
    if not isinstance(error, ApiError) or error.code != 404:
        return error
    try:
        ids = [one.job_id for one in entries(client, "", _SUGGESTED)]
    except ApiError:
        return error
    begun = [one for one in ids if one.startswith(job_id)]  # a flow's name is how ids begin
    meant = f" Did you mean {begun[0]!r}?" if begun else nearest(job_id, ids)
    fix = "vertex-flow runs lists what there is."
    return ApiError(error.code, error.status, f"{error.message}{meant}", fix=fix)


def _entry(job: Any) -> RunEntry:
    snapshot = Snapshot(job)
    return RunEntry(
        name=snapshot.name,
        job_id=Resource.parse(snapshot.name).id,
        flow=snapshot.flow,
        state=snapshot.state,
        start=snapshot.start,
        end=snapshot.end,
        labels=snapshot.labels,
    )
