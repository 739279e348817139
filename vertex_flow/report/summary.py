"""What came out of a run, as text for a person."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from vertex_flow.report.activity import pairs
from vertex_flow.report.metrics import is_overall
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.report.states import say
from vertex_flow.texts import plain

_WIDTH = 100


def summarise(snapshot: Snapshot, *, model: Any, endpoint: Any, at: datetime) -> str:
    """Word what came out of a run.

    Args:
        snapshot: The run, over or not.
        model: The registered model version; None when there is none, or no longer.
        endpoint: The endpoint, or None.
        at: Now: until then a stage that runs has taken its seconds.

    Returns:
        Stages, trials, metrics, model, endpoint. Lines are short but for the table of a large
        search space, and for names and URLs, which stay whole to be copied.
    """
    blocks = [_stages(snapshot, at)]
    for stage in snapshot.stages:
        blocks += _tuning(stage)
        blocks += _metrics(stage)
    blocks.append(_outcome(snapshot, model, endpoint))
    return "\n\n".join(blocks)


def _stages(snapshot: Snapshot, at: datetime) -> str:
    rows = [[stage.name, say(stage.state), _seconds(stage, at)] for stage in snapshot.stages]
    return _table(["stage", "state", "seconds"], rows)


def _seconds(stage: StageRun, at: datetime) -> str:
    """How long a stage took; of one that runs, how long so far, in whole seconds."""
    if stage.state == "RUNNING" and stage.start:
        return str(max(0, int((at - stage.start).total_seconds())))
    return "" if stage.seconds is None else f"{stage.seconds:.1f}"


def _tuning(stage: StageRun) -> list[str]:
    if not stage.trials:
        return []
    best = stage.outputs.get("best_parameters", {})
    return [
        _table(*stage.trials.rows()),
        f"best parameters: {pairs(best)}",
    ]


def _metrics(stage: StageRun) -> list[str]:
    metrics = stage.metrics
    if not metrics:
        return []
    return [f"{stage.name}: {pairs({k: v for k, v in metrics.items() if is_overall(k)})}"]


def _outcome(snapshot: Snapshot, model: Any, endpoint: Any) -> str:
    if model is None and snapshot.resource("google.VertexModel"):
        return "model     deleted since it was registered"
    if model is None and not snapshot.is_over:
        return "model     not registered yet"
    if model is None:
        left_out = [one.name for one in snapshot.stages if one.state == "NOT_TRIGGERED"]
        why = f": {', '.join(left_out)} left out, the condition does not hold" if left_out else ""
        return f"model     not registered{why}"
    lines = [f"model     {plain(model.display_name)}, version {model.version}"]
    lines.append(f"          {model.name}")
    lines.append(f"endpoint  {endpoint.url}" if endpoint else "endpoint  not deployed")
    return "\n".join(lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # Text objects: names of users' stages and parameters are no markup.
    table = Table(*[Column(Text(plain(name))) for name in header], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*[Text(plain(str(cell))) for cell in row])
    out = io.StringIO()
    Console(file=out, width=_WIDTH, no_color=True, legacy_windows=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())
