"""What runs have left over, and what of it has expired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import attrs

from vertex_flow.calls import if_there
from vertex_flow.client import Client
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.expiry import moment, seconds
from vertex_flow.machines import MachineNeed
from vertex_flow.names import EXPIRES_LABEL, FLOW_LABEL
from vertex_flow.report.table import table
from vertex_flow.texts import plain

_PIPELINES = ("PENDING", "QUEUED", "RUNNING", "CANCELLING", "PAUSED")
_JOBS = ("QUEUED", "PENDING", "RUNNING", "CANCELLING", "PAUSED")
_SHOWN = ("name", "display_name", "labels", "state", "create_time")


@attrs.frozen(kw_only=True)
class Leftover:
    """Something that a run has left.

    Attributes:
        kind: `deployment` (a model on an endpoint), `endpoint` (one without models), `pipeline`,
            `custom job`, `tuning job` or `schedule`.
        name: Resource name; for a deployment that of its endpoint.
        title: Display name.
        flow: Name of the flow that it comes from; empty where no label says it.
        state: How it is: `serves 80 %`, `idle`, `running`, `active`, …
        created: When it was made.
        expires: When it may be removed; None for never.
        machine: The machines that it keeps, in words; empty for none.
        machines: How many of them: machine-hours an hour.
    """

    kind: str
    name: str
    title: str
    flow: str
    state: str
    created: datetime
    expires: datetime | None = None
    machine: str = ""
    machines: int = 0


@attrs.frozen(kw_only=True)
class Leftovers:
    """What runs have left, and what of it was removed.

    Attributes:
        parent: `projects/P/locations/L`.
        now: When it was looked at.
        rows: Everything that was found, what was removed included.
        expired: Resource names of the endpoints that have expired.
        removed: Those of them that are gone now.
        failed: Those that could not be removed, with the reason.
    """

    parent: str
    now: datetime
    rows: tuple[Leftover, ...]
    expired: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def machines(self) -> int:
        """Machine-hours that an hour of what is left costs."""
        return sum(row.machines for row in self.rows if row.name not in self.removed)

    @property
    def exit_code(self) -> int:
        """0, or 1 when something could not be removed."""
        return 1 if self.failed else 0

    def as_json(self) -> dict[str, Any]:
        """What was found, as plain values for `json.dumps`."""
        return {
            "parent": self.parent,
            "now": self.now.isoformat(),
            "machines": self.machines,
            "rows": [_plain(row) for row in self.rows],
            "expired": list(self.expired),
            "removed": list(self.removed),
            "failed": dict(self.failed),
        }

    def __str__(self) -> str:
        if not self.rows:
            return f"Nothing is left over in {self.parent}."
        header = ["what", "title", "state", "age", "expires", "machines"]
        rows = [
            [
                row.kind,
                row.title,
                row.state,
                _span(self.now - row.created),
                _expiry(row.expires, self.now),
                f"{row.machines} {row.machine}" if row.machines else "-",
            ]
            for row in self.rows
        ]
        text = [f"{self.machines} machine-hours an hour in {self.parent}"]
        text += [f"removed: {name}" for name in self.removed]
        text += [f"not removed: {name}: {reason}" for name, reason in self.failed.items()]
        kept = {*self.expired} - {*self.removed, *self.failed}
        text += [f"has expired: {name}" for name in self.expired if name in kept]
        lines = [plain(line) for block in text for line in block.splitlines()]
        return "\n".join([table(header, rows, flexible=(1, -1)), "", *lines])


def clean(
    client: Client,
    *,
    dry_run: bool,
    older_than: str = "1d",
    now: datetime | None = None,
) -> Leftovers:
    """List what is left over, and remove what has expired.

    Nothing is removed but endpoints with an expiry label that says a moment in the past: first
    the models come off, then the endpoint goes. Where that is interrupted, the next call goes on.

    Args:
        client: Speaks to Vertex AI.
        dry_run: Whether to list only.
        older_than: Age from which a job that still waits or runs is listed.
        now: The present moment, in UTC; the clock's when None.

    Raises:
        SettingError: `older_than` is no length of time.
        ApiError: Something could not be listed.
    """
    now = now or datetime.now(timezone.utc)
    since = now - _age(older_than)
    endpoints = [one for one in client.endpoints("") if {FLOW_LABEL, EXPIRES_LABEL} & {*one.labels}]
    rows = [row for one in endpoints for row in _endpoint_rows(one)]
    rows += [row for row in _job_rows(client) if row.flow and row.created <= since]
    rows += [row for row in map(_schedule_row, client.schedules()) if row.flow]
    expired = [one.name for one in endpoints if _is_expired(one, now)]
    removed, failed = ([], {}) if dry_run else _removals(client, expired, now)
    return Leftovers(
        parent=client.parent,
        now=now,
        rows=tuple(rows),
        expired=tuple(expired),
        removed=tuple(removed),
        failed=failed,
    )


def _age(text: str) -> timedelta:
    try:
        return timedelta(seconds=seconds(text))
    except (TypeError, ValueError) as error:
        raise SettingError(f"clean(older_than={text!r}): {error}") from error


def _is_expired(endpoint: Any, now: datetime) -> bool:
    end = moment(endpoint.labels.get(EXPIRES_LABEL, ""))
    return end is not None and end <= now


def _removals(client: Client, names: list[str], now: datetime) -> tuple[list[str], dict[str, str]]:
    removed, failed = [], {}
    for name in names:
        try:
            if _remove(client, name, now):
                removed.append(name)
        except ApiError as error:
            failed[name] = str(error)
    return removed, failed


def _remove(client: Client, name: str, now: datetime) -> bool:
    """Remove an endpoint if it has still expired; whether it is gone now."""
    tried: set[str] = set()
    endpoint = if_there(lambda: client.get_endpoint(name))
    while endpoint is not None and _is_expired(endpoint, now):
        if not endpoint.deployed_models:
            if_there(lambda: client.delete_endpoint(name))
            return True
        deployed, traffic = _next_off(endpoint)
        if deployed in tried:
            raise ApiError(409, "ABORTED", f"the model {deployed} does not come off {name}")
        tried.add(deployed)
        if_there(partial(client.undeploy_model, name, deployed, traffic))
        endpoint = if_there(lambda: client.get_endpoint(name))  # a run may have renewed it
    return endpoint is None


def _next_off(endpoint: Any) -> tuple[str, Mapping[str, int]]:
    """The model that comes off next, and the traffic from then on: those without any first."""
    split = endpoint.traffic_split
    ids = sorted((one.id for one in endpoint.deployed_models), key=lambda key: split.get(key, 0))
    busy = split.get(ids[0], 0) and len(ids) > 1
    return ids[0], {ids[-1]: 100} if busy else {}


def _endpoint_rows(endpoint: Any) -> Iterator[Leftover]:
    facts = {
        "name": endpoint.name,
        "flow": endpoint.labels.get(FLOW_LABEL, ""),
        "expires": moment(endpoint.labels.get(EXPIRES_LABEL, "")),
    }
    if not endpoint.deployed_models:
        yield Leftover(
            kind="endpoint",
            title=endpoint.display_name,
            state="empty",
            created=endpoint.create_time,
            **facts,
        )
    for deployed in endpoint.deployed_models:
        share = endpoint.traffic_split.get(deployed.id, 0)
        machine, count = _deployed(deployed)
        yield Leftover(
            kind="deployment",
            title=f"{endpoint.display_name}/{deployed.display_name or deployed.id}",
            state=f"serves {share} %" if share else "idle",
            created=deployed.create_time or endpoint.create_time,
            machine=machine,
            machines=count,
            **facts,
        )


def _deployed(deployed: Any) -> tuple[str, int]:
    """The machines behind a deployed model: those that run now, else those that always do."""
    running = deployed.status.available_replica_count if deployed.status else 0
    own = deployed.dedicated_resources
    if own and own.machine_spec.machine_type:
        return _machine(own.machine_spec), max(running, own.min_replica_count)
    automatic = deployed.automatic_resources
    count = automatic.min_replica_count if automatic else 0
    return "automatic" if max(running, count) else "", max(running, count)


def _job_rows(client: Client) -> Iterator[Leftover]:
    for job in client.pipeline_jobs(_any_state("PIPELINE_STATE", _PIPELINES), _SHOWN):
        yield _job_row("pipeline", job, "", 0)  # its tasks are jobs of their own
    for job in client.custom_jobs(_any_state("JOB_STATE", _JOBS)):
        yield _job_row("custom job", job, *_pools(job.job_spec.worker_pool_specs))
    for job in client.tuning_jobs(_any_state("JOB_STATE", _JOBS)):
        machine, count = _pools(job.trial_job_spec.worker_pool_specs)
        yield _job_row("tuning job", job, machine, count * job.parallel_trial_count)


def _any_state(kind: str, states: tuple[str, ...]) -> str:
    return " OR ".join(f'state="{kind}_{state}"' for state in states)


def _job_row(kind: str, job: Any, machine: str, count: int) -> Leftover:
    return Leftover(
        kind=kind,
        name=job.name,
        title=job.display_name,
        flow=job.labels.get(FLOW_LABEL, ""),
        state=job.state.name.rpartition("_")[2].lower(),
        created=job.create_time,
        machine=machine,
        machines=count,
    )


def _pools(pools: Any) -> tuple[str, int]:
    machines = dict.fromkeys(_machine(pool.machine_spec) for pool in pools if pool.replica_count)
    return ", ".join(machines), sum(pool.replica_count for pool in pools)


def _machine(spec: Any) -> str:
    kind = spec.accelerator_type.name if spec.accelerator_count else ""
    need = MachineNeed(
        stage="",
        purpose="",
        machine_type=spec.machine_type,
        accelerator_type=kind,
        accelerator_count=spec.accelerator_count,
    )
    return need.machine


def _schedule_row(schedule: Any) -> Leftover:
    labels = schedule.create_pipeline_job_request.pipeline_job.labels
    return Leftover(
        kind="schedule",
        name=schedule.name,
        title=schedule.display_name,
        flow=labels.get(FLOW_LABEL, ""),
        state=schedule.state.name.lower(),
        created=schedule.create_time,
    )


def _plain(row: Leftover) -> dict[str, Any]:
    return {
        **attrs.asdict(row),
        "created": row.created.isoformat(),
        "expires": row.expires.isoformat() if row.expires else None,
    }


def _expiry(expires: datetime | None, now: datetime) -> str:
    if expires is None:
        return "-"
    return f"in {_span(expires - now)}" if expires > now else f"{_span(now - expires)} ago"


def _span(length: timedelta) -> str:
    """A length of time in its largest unit: `3d`, `5h`, `12m`."""
    minutes = max(int(length.total_seconds()), 0) // 60
    for unit, size in (("d", 1440), ("h", 60)):
        if minutes >= size:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"
