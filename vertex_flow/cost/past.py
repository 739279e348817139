"""How long the stages of a flow took in earlier runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vertex_flow.errors import EngineError
from vertex_flow.machines import MachineNeed
from vertex_flow.ports import is_constant_of
from vertex_flow.report.snapshot import Snapshot

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.graph import Graph

_RUNS = 5


class Past:
    """How long the stages of a flow took in earlier runs.

    Args:
        graph: The wired stages as they are now.
        runs: The runs, the newest first; read as far as they are needed.
    """

    def __init__(self, graph: Graph, runs: Iterator[Snapshot]) -> None:
        self._graph = graph
        self._seen: list[Snapshot] = []
        self._runs = runs

    def hours(self, need: MachineNeed | None, stage: str) -> tuple[float, str] | None:
        """How long a stage took in the newest run in which it did not reuse a result.

        Args:
            need: Machines of the stage now: tuning is scaled to the number of its trials.
            stage: Name of the stage.

        Returns:
            Hours, and the run that they are from; None when no run says.
        """
        for snapshot in self._all():
            took = next((one for one in snapshot.stages if one.name == stage), None)
            if took is None or took.state != "SUCCEEDED" or took.seconds is None:
                continue
            scale = self._scale(need, snapshot)
            note = "" if scale == 1 else f" x {scale:.3g}"
            return took.seconds / 3600 * scale, snapshot.name.rpartition("/")[2] + note
        return None

    def _all(self) -> Iterator[Snapshot]:
        """The runs, each read when it is needed, and once."""
        yield from self._seen
        for snapshot in self._runs:
            self._seen.append(snapshot)
            yield snapshot

    def _scale(self, need: MachineNeed | None, snapshot: Snapshot) -> float:
        if need is None:
            return 1.0
        given = {
            name: value
            for name, value in snapshot.parameters.items()
            if name in self._graph.params and is_constant_of(value, self._graph.params[name].type)
        }
        before = [one for one in self._graph.machines(given) if one.stage == need.stage]
        return need.rounds / before[0].rounds if before else 1.0


def earlier(graph: Graph, context: GcpContext) -> Iterator[Snapshot]:
    """Read the newest runs of a flow that succeeded; none where no engine stands to be asked.

    Args:
        graph: The wired stages.
        context: Where the runs are.
    """
    from vertex_flow.client import named

    try:
        client = context.vertex
    except EngineError:
        return
    text = f'{named(graph.name)} AND state="PIPELINE_STATE_SUCCEEDED"'
    for job in client.pipeline_jobs(text, ("name",), _RUNS):
        yield Snapshot(client.get_pipeline_job(job.name))
