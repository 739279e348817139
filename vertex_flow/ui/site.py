"""What the pages read of a place, by the package's own documented calls."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.context import GcpContext
from vertex_flow.errors import VertexFlowError
from vertex_flow.report.facts import RunFacts
from vertex_flow.report.framing import own_lines
from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel
from vertex_flow.runs.run import Run
from vertex_flow.ui.cloud_logs import CloudLogs
from vertex_flow.ui.drawings import Drawings
from vertex_flow.ui.warming import warm

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.report.snapshot import Snapshot
    from vertex_flow.runs.listing import RunEntry

_KEPT = 64  # runs that are not read again
_FRESH = 1.0  # how long all that is known of a run is shown again at least, in seconds
_RESTS = 4  # times that reading all of a run took, until that is done again
_MOST = 200  # runs that are looked through
_PAUSES = (1500, 6000)  # milliseconds between two looks, on this machine and in the cloud


@attrs.frozen
class Count:
    """Requests that a deployed model has had.

    Attributes:
        requests: How many.
        failed: How many of them were answered with no prediction.
    """

    requests: int = 0
    failed: int = 0


@attrs.frozen
class Counts:
    """Requests that endpoints have had.

    Attributes:
        since: From when on they were counted.
        endpoints: By name of the endpoint and id of the deployed model.
    """

    since: datetime
    endpoints: Mapping[str, Mapping[str, Count]]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Counts:
        """Read what `Client.prediction_counts` gives."""
        endpoints = {
            name: {key: Count(one["requests"], one["failed"]) for key, one in models.items()}
            for name, models in said["endpoints"].items()
        }
        return cls(datetime.fromisoformat(said["since"]), endpoints)

    def of_model(self, endpoint: str, deployed_id: str) -> Count:
        """Give those of one deployed model."""
        return self.endpoints.get(endpoint, {}).get(deployed_id, Count())

    def total(self, endpoint: str) -> int:
        """Give the requests to all models that an endpoint has, or has had."""
        return sum(one.requests for one in self.endpoints.get(endpoint, {}).values())


@attrs.frozen
class _Known:
    """What was read of a run, and until when no more of it is read anew than its stages."""

    facts: RunFacts
    until: float


class Site:
    """A project, or this machine, as pages show it.

    Args:
        context: Where it is.

    Attributes:
        forms: Which of the forms of an image an endpoint takes, by its name, once that is known.
        drawings: Draws, each drawing once.
    """

    def __init__(self, context: GcpContext) -> None:
        self.context = context
        self.forms: dict[str, int] = {}
        self.drawings = Drawings()
        self._is_warm = False
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._facts: OrderedDict[str, _Known] = OrderedDict()
        self._makers: dict[tuple[str, str], RunFacts | None] = {}
        self._cloud_logs = CloudLogs()

    def warm(self) -> None:
        """Load what the page of a run needs beside what goes on: once, as somebody looks."""
        with self._lock:
            if self._is_warm:
                return
            self._is_warm = True
        warm()

    @property
    def place(self) -> str:
        """Where it is, in words."""
        context = self.context
        if context.home is not None:
            return f"this machine, {_short(context.home)}"
        return f"project {context.project}, {context.location}"

    @property
    def pause(self) -> int:
        """Milliseconds between two looks of a page; the cloud counts requests."""
        return _PAUSES[self.context.home is None]

    def runs(self) -> tuple[RunEntry, ...]:
        """List the newest runs, the newest first."""
        return Run.list(self.context, limit=_MOST)

    def search(
        self, listed: tuple[RunEntry, ...], *, flow: str = "", state: str = "", words: str = ""
    ) -> tuple[RunEntry, ...]:
        """Search the newest runs; where there are older ones, those of a flow or state too.

        Args:
            listed: What `runs` gives.
            flow: Only those of this flow.
            state: Only those in this state.
            words: Only those in whose id, flow or labels this text is, in any case.
        """
        if (flow or state) and len(listed) >= _MOST:
            listed = Run.list(self.context, flow=flow or None, state=state or None, limit=_MOST)
        wanted = words.strip().casefold()
        return tuple(
            one
            for one in listed
            if flow in ("", one.flow) and state in ("", one.state) and wanted in _searched(one)
        )

    def run(self, job_id: str) -> Run:
        """Take up a run.

        Raises:
            SettingError: It is no id of a run.
            ApiError: There is no such run.
        """
        with self._lock:
            known = self._runs.get(job_id)
        if known is not None:
            return known
        run = Run.attach(self.context, job_id)
        with self._lock:
            self._runs[job_id] = run
            while len(self._runs) > _KEPT:
                self._runs.popitem(last=False)
        return run

    def facts(self, job_id: str) -> RunFacts:
        """Read everything about a run; of one that is over, once, however many pages ask.

        What could not be read of it is tried again after a while.

        Raises:
            SettingError: It is no id of a run.
            ApiError: There is no such run.
        """
        run = self.run(job_id)
        with self._lock:
            turn = self._reading.setdefault(job_id, threading.Lock())
        with turn:
            return self._read(run, job_id)

    def _read(self, run: Run, job_id: str) -> RunFacts:
        with self._lock:
            known = self._facts.get(job_id)
        started = time.monotonic()
        if known is not None and started >= known.until:
            known = None
        if known is not None and known.facts.is_over:
            return known.facts
        snapshot = run.snapshot()
        if known is not None and not snapshot.is_over:
            return _newer(known.facts, snapshot)
        facts = run.facts()
        # What reads files takes its time: it is done anew after a few times of that.
        until = time.monotonic() + max(_FRESH, _RESTS * (time.monotonic() - started))
        until = math.inf if facts.is_final else until
        with self._lock:
            self._facts[job_id] = _Known(facts, until)
            while len(self._facts) > _KEPT:
                self._reading.pop(self._facts.popitem(last=False)[0], None)
        return facts

    def logs(self, facts: RunFacts, stages: Sequence[str], *, lines: int) -> dict[str, str]:
        """Read the end of what stages of a run have printed.

        Args:
            facts: The run.
            stages: Names of the stages.
            lines: Most lines, the last ones; on this machine for each task.

        Returns:
            A text for each of the stages; what the run itself says by the empty text. Where they
            may not be read, for example, why that is.
        """
        run = self.run(facts.job_id)
        if self.context.home is not None:
            texts = {name: run.logs(name, lines=lines) for name in stages}
            return {name: "\n".join(own_lines(text.split("\n"))) for name, text in texts.items()}
        if not stages:
            return {}
        only = stages[0] if len(stages) == 1 else None
        try:
            found = self._cloud_logs.read(run, only, over=facts.is_over)
        except VertexFlowError as error:  # the rest of the page is there all the same
            return dict.fromkeys(stages, f"The log cannot be read: {error}")
        names = [*stages, ""] if "" in found else stages
        return {name: "\n".join(found.get(name, ())[-lines:]) for name in names}

    def models(self) -> tuple[RegisteredModel, ...]:
        """List every version of every model, the newest model first."""
        return RegisteredModel.list(self.context)

    def endpoints(self) -> tuple[DeployedEndpoint, ...]:
        """List the endpoints, the newest first."""
        return DeployedEndpoint.list(self.context)

    @cached_property
    def vertex(self) -> Client:
        """Speaks to the place."""
        return self.context.vertex

    def endpoint(self, name: str) -> DeployedEndpoint:
        """Find an endpoint by its id or display name.

        Raises:
            SettingError: There is none.
        """
        return DeployedEndpoint.find(self.context, name)

    def counts(self) -> Counts | None:
        """Read how many predictions there were; None in the cloud, which says it elsewhere."""
        found = self.vertex.prediction_counts()
        return None if found is None else Counts.of(found)

    def maker(self, model: str, version: str) -> RunFacts | None:
        """Find the run that has registered a version of a model.

        Args:
            model: Resource name of the model, without the version.
            version: The version.

        Returns:
            What is known of the run; None where none is found.
        """
        key = (model, version)
        with self._lock:
            if key in self._makers:
                return self._makers[key]
        found, sure = self._search(model, version)
        if sure:
            with self._lock:
                self._makers[key] = found
        return found

    def _search(self, model: str, version: str) -> tuple[RunFacts | None, bool]:
        """Search for a run, and tell whether what is found will stay so."""
        created = next(
            (one.created for one in self.models() if (one.name, one.version) == (model, version)),
            None,
        )
        sure = True
        for entry in self.runs():
            if not _spans(entry, created):
                continue
            facts = self.facts(entry.job_id)
            if f"{model}@{version}" in _registered(facts):
                return facts, facts.is_final
            sure = sure and facts.is_over
        return None, sure


def _short(home: Path) -> str:
    """Write a folder as a shell does: with `~` for the user's own."""
    try:
        return f"~/{home.relative_to(Path.home())}"
    except (ValueError, RuntimeError):  # it is elsewhere, or the user has none
        return str(home)


def _newer(facts: RunFacts, snapshot: Snapshot) -> RunFacts:
    """Give what is known of a run, with its stages as they are now."""
    now = {one.name: one for one in snapshot.stages}
    fields = ("state", "start", "end", "outputs", "artifacts", "metrics")
    stages = tuple(
        attrs.evolve(one, **{field: getattr(now[one.name], field) for field in fields})
        for one in facts.stages
        if one.name in now
    )
    seen = datetime.now(timezone.utc)
    return attrs.evolve(facts, state=snapshot.state, seen=seen, stages=stages)


def _spans(entry: RunEntry, created: datetime | None) -> bool:
    """Whether a run was under way at a time."""
    if created is None or entry.start is None:
        return True
    return entry.start <= created and (entry.end is None or created <= entry.end)


def _registered(facts: RunFacts) -> set[str]:
    return {
        str(artifact.metadata.get("resourceName"))
        for stage in facts.stages
        for artifact in stage.artifacts.values()
        if artifact.schema_title == "google.VertexModel"
    }


def _searched(entry: RunEntry) -> str:
    labels = " ".join(f"{name}={value}" for name, value in entry.labels.items())
    return f"{entry.job_id} {entry.flow} {labels}".casefold()
