"""Why a replica failed, in Vertex AI's words, and whether another try may help."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

from vertex_flow.engine.jobs.replicas import Replica
from vertex_flow.engine.processes import Exit
from vertex_flow.engine.processes.docker import CANNOT_RUN
from vertex_flow.engine.processes.logs import tail
from vertex_flow.errors import nearest

_NO_MODULE = re.compile(r"No module named '?(?P<name>[\w.]+)")
# Exit codes after which Vertex AI tries a job again: SIGABRT and SIGSEGV, as processes and as
# shells and containers report them.
_TRANSIENT = frozenset({signal.SIGABRT, signal.SIGSEGV, 128 + signal.SIGABRT, 128 + signal.SIGSEGV})
_HINTS = {
    126: "Status 126 says that a command was found and cannot be executed.",
    127: "Status 127 says that a command was not found.",
}


class Remedy(Enum):
    """What is done about a replica that has failed.

    Attributes:
        NONE: The job fails; the program or its memory is at fault.
        RESTART_JOB: The whole job is tried again.
        RESTART_REPLICA: The replica is started again where it was.
    """

    NONE = "none"
    RESTART_JOB = "restart_job"
    RESTART_REPLICA = "restart_replica"


def remedy(end: Exit) -> Remedy:
    """Tell what Vertex AI does about a replica that ended like this.

    Args:
        end: How it ended, which was not well.
    """
    status = end.signal if end.signal is not None else end.code
    if end.out_of_memory or status == signal.SIGKILL:
        return Remedy.NONE
    if status in _TRANSIENT:
        return Remedy.RESTART_JOB
    # A signal from outside, as when a machine is taken away.
    return Remedy.NONE if end.signal is None else Remedy.RESTART_REPLICA


def describe(replica: Replica, end: Exit) -> str:
    """Say how a replica failed: its name and status, the end of its log, and where the log is."""
    status = _status(end)
    if end.out_of_memory:
        text = (
            f"The replica {replica.name} ran out of memory and exited with a non-zero status of "
            f"{status}."
        )
    else:
        text = (
            f"The replica {replica.name} exited with a non-zero status of {status}. "
            "Termination reason: Error."
        )
    if end.signal == signal.SIGKILL and not end.out_of_memory:
        text += " The system may have run out of memory."
    hint = _HINTS.get(end.code or 0, "")
    if end.code == CANNOT_RUN and replica.container is not None:
        hint = "Status 125 says that Docker could not create the container."
    return "\n".join(filter(None, [text, hint, evidence(replica)]))


def evidence(replica: Replica) -> str:
    """Give the end of a replica's log, and where the log is."""
    text = tail(replica.command.log)
    where = f"Log: {replica.command.log}"
    return "\n".join(
        filter(None, [text or "It printed nothing.", _where_looked(text, replica), where])
    )


def _status(end: Exit) -> str:
    if end.signal is None:
        return str(end.code)
    try:
        return f"{end.signal}({signal.Signals(end.signal).name})"
    except ValueError:
        return str(end.signal)


def _where_looked(text: str, replica: Replica) -> str:
    """Say where a missing module was looked for: the usual cause is the wrong folder."""
    missing: Sequence[re.Match[str]] = list(_NO_MODULE.finditer(text))
    if not missing or replica.container is not None:
        return ""
    name, cwd = missing[-1]["name"], replica.command.cwd
    *parents, leaf = name.split(".")
    around = cwd.joinpath(*parents)
    near = nearest(leaf, sorted({path.stem for path in _modules(around)}))
    have = ", ".join(sorted(path.name for path in _modules(cwd))) or "nothing to import"
    return f"{name!r} was looked for in {cwd} (which has {have}) and in this environment.{near}"


def _modules(folder: Path) -> Iterator[Path]:
    """Give the modules and packages of a folder."""
    yield from folder.glob("[a-zA-Z]*.py")
    yield from (path.parent for path in folder.glob("*/__init__.py"))
