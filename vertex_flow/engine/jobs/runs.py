"""Runs the replicas of a job to their end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from vertex_flow.engine.api.errors import disk_full
from vertex_flow.engine.jobs.replicas import Launch, Replica, replicas
from vertex_flow.engine.processes import Exit, Launcher, Process, RequirementsError
from vertex_flow.engine.processes.logs import tail
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import nearest

INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
RESOURCE_EXHAUSTED = 8
INTERNAL = 13

_PARAMETER_SERVERS = 2
# What workers and evaluators have to end after the primary replica has, in seconds.
_LAST_WORDS = 60.0
_NO_MODULE = re.compile(r"No module named '?(?P<name>[\w.]+)")


@attrs.frozen(kw_only=True)
class Outcome:
    """How a job ended.

    Attributes:
        code: A `google.rpc.Code`; 0 when all went well.
        message: Why it failed, or the empty text.
    """

    code: int = 0
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the job succeeded."""
        return self.code == 0


async def run(launch: Launch, *, home: Home, launcher: Launcher) -> Outcome:
    """Run a job to its end; its processes are gone when this returns or is cancelled."""
    running: dict[Replica, Process] = {}
    try:
        for replica in replicas(launch, home):
            if replica.note:
                _write(replica.command.log, replica.note)
            running[replica] = await launcher.start(replica.command)
        return await _follow(running, _timeout(launch))
    except (OSError, RequirementsError) as error:
        code = RESOURCE_EXHAUSTED if disk_full(error) else INVALID_ARGUMENT
        return Outcome(code=code, message=f"The job could not be started: {error}")
    finally:
        left = [process for process in running.values() if process.running]
        await asyncio.gather(*(process.terminate() for process in left))


def _write(log: Path, line: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _timeout(launch: Launch) -> float | None:
    given = launch.spec.scheduling.timeout
    return given.total_seconds() if given else None


async def _follow(running: Mapping[Replica, Process], timeout: float | None) -> Outcome:
    waits = {asyncio.create_task(process.wait()): replica for replica, process in running.items()}
    primary = next(iter(waits))
    try:
        outcome = await _until_primary(waits, primary, timeout)
        if outcome is not None:
            return outcome
        others = [wait for wait, replica in waits.items() if replica.pool != _PARAMETER_SERVERS]
        await asyncio.wait(others, timeout=_LAST_WORDS)
        return Outcome()
    finally:
        for wait in waits:
            wait.cancel()


async def _until_primary(
    waits: Mapping[asyncio.Task[Exit], Replica],
    primary: asyncio.Task[Exit],
    timeout: float | None,
) -> Outcome | None:
    """Wait until the primary replica has ended well; else give what went wrong."""
    loop = asyncio.get_running_loop()
    deadline = None if timeout is None else loop.time() + timeout
    open_waits = set(waits)
    while primary in open_waits:
        left = None if deadline is None else max(0.0, deadline - loop.time())
        done, open_waits = await asyncio.wait(
            open_waits, timeout=left, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            return Outcome(
                code=DEADLINE_EXCEEDED,
                message=f"The job was ended: it ran longer than its timeout of {timeout:g} s."
                f"\n{_evidence(waits[primary])}",
            )
        for wait in sorted(done, key=lambda wait: waits[wait].name):
            if not wait.result().ok:
                return _failure(waits[wait], wait.result())
    return None


def _failure(replica: Replica, end: Exit) -> Outcome:
    text = f"The replica {replica.name} ended with {end.describe()}."
    if end.signal == 9:
        text += " The system may have run out of memory."
    return Outcome(code=INVALID_ARGUMENT, message=f"{text}\n{_evidence(replica)}")


def _evidence(replica: Replica) -> str:
    command = replica.command
    text = tail(command.log)
    parts = [text or "It printed nothing.", _where_looked(text, replica), f"Log: {command.log}"]
    return "\n".join(filter(None, parts))


def _where_looked(text: str, replica: Replica) -> str:
    """Say where a missing module was looked for: the usual cause is the wrong folder."""
    missing: Sequence[re.Match[str]] = list(_NO_MODULE.finditer(text))
    if not missing:
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
