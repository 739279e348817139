"""What the pages read of a place, by the package's own documented calls."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

from vertex_flow.context import GcpContext
from vertex_flow.report.facts import RunFacts
from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel
from vertex_flow.runs.run import Run

if TYPE_CHECKING:
    from datetime import datetime

    from vertex_flow.client import Client
    from vertex_flow.runs.listing import RunEntry

_KEPT = 64  # runs that are not read again
_FRESH = 1.0  # how long what a run says of itself is shown again, in seconds
_MOST = 500  # runs that are looked through


class Site:
    """A project, or this machine, as pages show it.

    Args:
        context: Where it is.
    """

    def __init__(self, context: GcpContext) -> None:
        self.context = context
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._facts: OrderedDict[str, tuple[float, RunFacts]] = OrderedDict()

    @property
    def place(self) -> str:
        """Where it is, in words."""
        context = self.context
        if context.home is not None:
            return f"this machine, {context.home}"
        return f"project {context.project}, {context.location}"

    def runs(
        self, *, flow: str | None = None, state: str | None = None, words: str = ""
    ) -> tuple[RunEntry, ...]:
        """List runs, the newest first.

        Args:
            flow: Only those of this flow.
            state: Only those in this state.
            words: Only those in whose id, flow or labels this text is, in any case.
        """
        found = Run.list(self.context, flow=flow, state=state, limit=_MOST)
        wanted = words.strip().casefold()
        return tuple(one for one in found if wanted in _searched(one))

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
        """Read everything about a run; of one that is over, once.

        Raises:
            SettingError: It is no id of a run.
            ApiError: There is no such run.
        """
        with self._lock:
            at, known = self._facts.get(job_id, (0.0, None))
        if known is not None and (known.is_over or time.monotonic() - at < _FRESH):
            return known
        found = self.run(job_id).facts()
        with self._lock:
            self._facts[job_id] = (time.monotonic(), found)
            while len(self._facts) > _KEPT:
                self._facts.popitem(last=False)
        return found


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

    def origin(self, model: str, version: str, created: datetime | None) -> RunFacts | None:
        """Find the run that has registered a version of a model.

        Args:
            model: Resource name of the model, without the version.
            version: The version.
            created: When it was registered; only runs of that time can be it.

        Returns:
            What is known of the run; None where none is found.
        """
        for entry in self.runs():
            if not _spans(entry, created):
                continue
            facts = self.facts(entry.job_id)
            if f"{model}@{version}" in _registered(facts):
                return facts
        return None


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
