"""Runs the replicas of a job to their end, again where Vertex AI would."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import attrs

from vertex_flow.engine.api.errors import disk_full
from vertex_flow.engine.jobs.failures import Remedy, describe, evidence, remedy
from vertex_flow.engine.jobs.replicas import Launch, Replica, replicas
from vertex_flow.engine.processes import (
    ContainerProcess,
    Docker,
    Exit,
    Launcher,
    Process,
    RequirementsError,
)
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError

CANCELLED = 1
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
RESOURCE_EXHAUSTED = 8
INTERNAL = 13

# As often as Vertex AI does it.
MOST_JOB_RESTARTS = 3
MOST_REPLICA_RESTARTS = 5

_PARAMETER_SERVERS = 2
_DEFAULT_TIMEOUT = 7 * 24 * 3600.0
# What workers and evaluators have to end by themselves after the primary replica has, in seconds;
# Vertex AI shuts them down.
_LAST_WORDS = 10.0


@attrs.frozen(kw_only=True)
class Outcome:
    """How a job ended.

    Attributes:
        code: A `google.rpc.Code`; 0 when all went well.
        message: Why it failed, or the empty text.
        again: Whether the whole job may be tried again.
    """

    code: int = 0
    message: str = ""
    again: bool = False

    @property
    def ok(self) -> bool:
        """Whether the job succeeded."""
        return self.code == 0


@attrs.frozen(kw_only=True)
class JobTools:
    """What jobs need of the engine.

    Attributes:
        home: Has their outputs and logs.
        launcher: Starts their processes.
        docker: Runs their containers, or None where every job is a process.
    """

    home: Home
    launcher: Launcher
    docker: Docker | None = None

    async def start(self, replica: Replica) -> Process | ContainerProcess:
        """Start a replica, in a container where it has one."""
        if replica.container is not None and self.docker is not None:
            return await self.docker.start(replica.container)
        return await self.launcher.start(replica.command)


async def run(launch: Launch, tools: JobTools) -> Outcome:
    """Run a job to its end; its processes are gone when this returns or is cancelled."""
    timeout = _timeout(launch)
    deadline = asyncio.get_running_loop().time() + timeout
    attempt = _Attempt(launch, tools, deadline=deadline)
    outcome = await attempt.run()
    retries = 0 if launch.spec.scheduling.disable_retries else MOST_JOB_RESTARTS
    for restart in range(1, retries + 1):
        if not outcome.again:
            break
        first = outcome.message.partition("\n")[0]
        attempt.note(f"{first} The job starts again, {restart} of {retries}.")
        attempt = _Attempt(launch, tools, deadline=deadline)
        outcome = await attempt.run()
    if outcome.code == DEADLINE_EXCEEDED:
        message = f"The job was ended: it ran longer than its timeout of {timeout:g} s."
        return attrs.evolve(outcome, message=f"{message}\n{outcome.message}")
    if not (outcome.again and retries):
        return outcome
    first, _, rest = outcome.message.partition("\n")
    return attrs.evolve(outcome, message=f"{first} The job was tried {retries + 1} times.\n{rest}")


def _timeout(launch: Launch) -> float:
    given = launch.spec.scheduling.timeout
    return given.total_seconds() if given else _DEFAULT_TIMEOUT


class _Attempt:
    """One try to run a job."""

    def __init__(self, launch: Launch, tools: JobTools, *, deadline: float) -> None:
        self._launch = launch
        self._tools = tools
        self._deadline = deadline
        self._replicas: list[Replica] = []
        self._processes: dict[Replica, Process | ContainerProcess] = {}
        self._waits: dict[asyncio.Task[Exit], Replica] = {}
        self._restarts: Counter[str] = Counter()

    async def run(self) -> Outcome:
        """Run every replica to its end."""
        try:
            self._replicas = await asyncio.to_thread(replicas, self._launch, self._tools.home)
            for replica in self._replicas:
                if replica.note:
                    _write(replica.command.log, replica.note)
                await self._start(replica)
            outcome = await self._until_primary()
            if outcome is None:
                await self._last_words()
            return outcome or Outcome()
        except (OSError, RequirementsError, ApiError) as error:
            code = RESOURCE_EXHAUSTED if disk_full(error) else INVALID_ARGUMENT
            text = error.message if isinstance(error, ApiError) else str(error)
            return Outcome(code=code, message=f"The job could not be started: {text}")
        finally:
            for wait in self._waits:
                wait.cancel()
            left = [process for process in self._processes.values() if process.running]
            await asyncio.gather(*(process.terminate() for process in left))

    def note(self, text: str) -> None:
        """Write a line into the log of every replica."""
        for replica in self._replicas:
            _write(replica.command.log, f"[vertex_flow] {text}")

    async def _start(self, replica: Replica) -> None:
        process = await self._tools.start(replica)
        self._processes[replica] = process
        self._waits[asyncio.create_task(process.wait())] = replica

    async def _until_primary(self) -> Outcome | None:
        """Wait until the primary replica has ended well; else give what went wrong."""
        loop = asyncio.get_running_loop()
        primary = self._replicas[0]
        while primary in self._waits.values():
            done, _ = await asyncio.wait(
                self._waits,
                timeout=max(0.0, self._deadline - loop.time()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:
                return Outcome(code=DEADLINE_EXCEEDED, message=evidence(primary))
            for wait in sorted(done, key=lambda wait: self._waits[wait].name):
                replica = self._waits.pop(wait)
                outcome = await self._judge(replica, wait.result())
                if outcome is not None:
                    return outcome
        return None

    async def _judge(self, replica: Replica, end: Exit) -> Outcome | None:
        """Give how the job ends with a replica's end, or None when it goes on."""
        if end.ok:
            return None
        scheduling = self._launch.spec.scheduling
        what = remedy(end)
        outcome = Outcome(code=INVALID_ARGUMENT, message=describe(replica, end))
        if what is Remedy.NONE or scheduling.disable_retries:
            return outcome
        again = attrs.evolve(outcome, again=True)
        if what is Remedy.RESTART_JOB or scheduling.restart_job_on_worker_restart:
            return again
        if self._restarts[replica.name] == MOST_REPLICA_RESTARTS:
            return again
        self._restarts[replica.name] += 1
        first = outcome.message.partition("\n")[0]
        count = f"{self._restarts[replica.name]} of {MOST_REPLICA_RESTARTS}"
        _write(replica.command.log, f"[vertex_flow] {first} It starts again, {count}.")
        await self._start(replica)
        return None

    async def _last_words(self) -> None:
        others = [w for w, replica in self._waits.items() if replica.pool != _PARAMETER_SERVERS]
        if others:
            await asyncio.wait(others, timeout=_LAST_WORDS)


def _write(log: Path, line: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
