"""How an engine is described, to people and to programs."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.errors import HomeOwnedError

if TYPE_CHECKING:
    from vertex_flow.engine.standing import StandingEngine
    from vertex_flow.engine.state.presence import Presence


def facts_of(engine: StandingEngine) -> dict[str, Any]:
    """Give what a program needs to know of a standing engine."""
    return {
        "state": "up",
        "endpoint": engine.endpoint,
        "token_file": str(engine.home / "token"),
        "home": str(engine.home),
        "pid": engine.pid,
        "version": engine.version,
        "started": engine.started,
    }


def ways_in(engine: StandingEngine) -> str:
    """Word how Python and a shell reach a standing engine."""
    home = str(engine.home)
    return "\n".join(
        [
            click.style("Python", bold=True),
            "  from vertex_flow import GcpContext",
            f"  GcpContext.local({json.dumps(home, ensure_ascii=False)}).init_aiplatform()",
            "",
            click.style("Shell", bold=True),
            f"  export VERTEX_FLOW_HOME={shlex.quote(home)}",
            f"  export VERTEX_FLOW_API_ENDPOINT={engine.endpoint}",
            f'  export VERTEX_FLOW_API_TOKEN="$(cat {shlex.quote(str(engine.home / "token"))})"',
        ]
    )


def table(rows: dict[str, object]) -> str:
    """Word names and values, a line each."""
    width = max(map(len, rows))
    return "\n".join(
        f"  {click.style(f'{name:<{width}}', dim=True)}  {value}" for name, value in rows.items()
    )


def embedded(home: Path) -> Presence | None:
    """Give the engine in a folder that belongs to one program; None when there is none."""
    from vertex_flow.engine.state import presence

    found = presence.read(home)
    return None if found is None or found.standing else found


def refuse_embedded(home: Path) -> None:
    """Refuse a folder whose engine belongs to one program.

    Raises:
        HomeOwnedError: It does.
    """
    found = embedded(home)
    if found is not None:
        raise HomeOwnedError(home, found.parent or found.pid)


def seconds_since(started: str) -> float:
    """Give how long ago a time was, as RFC 3339 has it; in seconds."""
    since = datetime.now(timezone.utc) - datetime.fromisoformat(started)
    return max(0.0, since.total_seconds())


def duration(seconds: float) -> str:
    """Word a duration by its two largest units."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
