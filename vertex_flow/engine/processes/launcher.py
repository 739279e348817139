"""Starts commands: forked from a warm parent where that is safe, as fresh programs elsewhere."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from vertex_flow.engine.processes.command import Command
from vertex_flow.engine.processes.environments import Environments
from vertex_flow.engine.processes.imports import imports_of, preloads
from vertex_flow.engine.processes.process import Process
from vertex_flow.engine.processes.shadows import own_modules, shadow
from vertex_flow.engine.processes.variables import environment, inherited, read_at_import
from vertex_flow.engine.processes.warm import Kind, ParentLost, WarmParent
from vertex_flow.engine.processes.wire import Message
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import EngineError

_log = logging.getLogger(__name__)

# A parent with TensorFlow takes some 400 MiB, most of it shared with its children.
_MOST_PARENTS = 5


class Launcher:
    """Starts commands, each in a process group of its own, and ends what it started.

    Python programs are forked from a warm parent that has imported the heavy packages they need
    (Linux only). Everything else is a fresh program, started by a parent that has imported
    nothing. Whatever stands in the way of a fork leads to a fresh process, never to a failure.

    Args:
        home: The engine's folder.
        variables: Variables of every process; those of a command win.

    Attributes:
        variables: The same.
    """

    def __init__(self, home: Home, variables: Mapping[str, str] | None = None) -> None:
        self.variables: Mapping[str, str] = dict(variables or {})
        self._home = home
        self._environments = Environments(home, self.start)
        self._parents: dict[Kind, WarmParent] = {}
        self._processes: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self, command: Command) -> Process:
        """Start a command.

        Raises:
            FileNotFoundError: The program or the working directory does not exist.
            OSError: The log cannot be written.
            RequirementsError: A requirement cannot be installed.
            EngineError: The launcher is closed, or no process can be started.
        """
        if self._closed:
            raise EngineError(f"{command.argv[0]} was not started: the engine is closing")
        command = attrs.evolve(command, env={**self.variables, **command.env})
        if not command.cwd.is_dir():
            raise FileNotFoundError(f"the working directory {command.cwd} does not exist")
        with command.log.open("ab"):
            pass  # a full disk or a missing folder shows here, where it can be reported
        python = await self._environments.python(command.requirements)
        scratch = self._home.scratch("process")
        try:
            if command.private:
                python = await self._environments.private(scratch / "python")
            return await self._start(command, python, scratch)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise

    def prewarm(self, programs: Iterable[Iterable[str]]) -> None:
        """Have parents ready soon for some programs; returns at once.

        Args:
            programs: Of each program the packages that it imports, as `Command.imports`.
        """
        if self._closed or sys.platform != "linux":
            return
        kinds = {_kind(imports, {}) for imports in programs}
        for kind in sorted(kinds, key=lambda one: one.modules):
            if not any(other.serves(kind) for other in kinds - {kind}):
                self._parent(kind)

    async def close(self) -> None:
        """End every process that was started, and the parents; nothing can be started after."""
        self._closed = True
        await asyncio.gather(*(process.terminate(grace=2.0) for process in self._processes))
        await asyncio.gather(*(parent.close() for parent in self._parents.values()))
        await asyncio.gather(*self._tasks)
        self._parents.clear()

    async def _start(self, command: Command, python: Path, scratch: Path) -> Process:
        env = environment(command, scratch, python)
        argv = (str(python), *command.argv[1:]) if command.python else command.argv
        request: Message = {
            "argv": [_program(argv[0], env, command.cwd), *argv[1:]],
            "env": env,
            "cwd": str(command.cwd),
            "log": str(command.log),
        }
        forkable = (command.module or command.script) and sys.platform == "linux"
        if forkable and str(python) == sys.executable:
            process = await self._fork(command, request, scratch)
            if process is not None:
                return process
        return await self._spawn(request, scratch)

    async def _fork(self, command: Command, request: Message, scratch: Path) -> Process | None:
        imports, modules = await asyncio.to_thread(_read, command, request["env"])
        parent = self._parent(
            _kind(imports, command.env), wish=_kind(imports | command.optional, command.env)
        )
        try:
            await parent.ready()
            obstacle = parent.obstacle or shadow(parent.origins, modules)
            if obstacle is None:
                entry = {
                    "module": command.module,
                    "script": command.script,
                    "arguments": command.arguments,
                    "threads": command.threads,
                }
                return await self._follow(parent, {**request, **entry}, scratch)
        except ParentLost as error:
            obstacle = str(error)
        _log.info("%s runs as a fresh process: %s", command.argv, obstacle)
        return None

    async def _spawn(self, request: Message, scratch: Path) -> Process:
        """Start a fresh program, with a second try when the plain parent has just been lost."""
        try:
            return await self._follow(self._parent(Kind()), request, scratch)
        except ParentLost as error:
            _log.info("a second try to start %s: %s", request["argv"], error)
        try:
            return await self._follow(self._parent(Kind()), request, scratch)
        except ParentLost as error:
            raise EngineError(f"no process can be started: {error}") from error

    async def _follow(self, parent: WarmParent, request: Message, scratch: Path) -> Process:
        pid, ended = await parent.start(request)
        process = Process(pid, ended, parent=parent, scratch=scratch)
        self._processes.add(process)
        ended.add_done_callback(lambda _: self._processes.discard(process))
        if self._closed:
            await process.terminate(grace=0)
            raise EngineError("the engine is closing")
        return process

    def _parent(self, kind: Kind, *, wish: Kind | None = None) -> WarmParent:
        if self._closed:
            raise EngineError("no process can be started: the engine is closing")
        kind = self._wider(kind, wish or kind)
        parent = self._parents.pop(kind, None)
        if parent is None or parent.lost:
            self._make_room()
            log = self._home.log("engine", "warm-parents")
            own = {**inherited(), **dict(kind.env)}
            parent = WarmParent(
                kind, env=own, log=log, cwd=self._home.root, family=self._home.family
            )
        self._parents[kind] = parent  # the most recently used is the last
        return parent

    def _wider(self, kind: Kind, wish: Kind) -> Kind:
        """Prefer a parent that has imported more: a second one would import the same again.

        One that is not ready yet is worth the wait only for what is slow to import itself. Of
        several, one with what is wished for is best, and else the one with most, short of a large
        one for a small program.
        """
        found = [
            other
            for other, parent in self._parents.items()
            if not parent.lost and other.covers(kind) and (parent.warm or kind.is_slow)
        ]
        return max(
            found,
            key=lambda one: (one.covers(wish), one.is_slow <= kind.is_slow, len(one.modules)),
            default=kind,
        )

    def _make_room(self) -> None:
        idle = [
            parent for parent in self._parents.values() if not parent.busy and parent.kind != Kind()
        ]
        if len(self._parents) < _MOST_PARENTS or not idle:
            return
        del self._parents[idle[0].kind]
        task = asyncio.create_task(idle[0].close())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _kind(imports: Iterable[str], env: Mapping[str, str]) -> Kind:
    """Tell which warm parent a program needs that has some heavy imports and own variables."""
    usual = inherited()
    own = {name: value for name, value in read_at_import(env).items() if usual.get(name) != value}
    return Kind(preloads(imports), frozenset(own.items()))


def _read(command: Command, env: Mapping[str, str]) -> tuple[frozenset[str], tuple[Path, ...]]:
    """Read a Python program: the heavy packages that it imports, and its own modules.

    Many files may be read, so this is no work for the event loop.
    """
    imports = imports_of(command) if command.imports is None else command.imports
    return imports, own_modules(command, env)


def _program(name: str, env: Mapping[str, str], cwd: Path) -> str:
    """Find a program as a shell would, and say so when there is none."""
    where = env.get("PATH", "")
    found = shutil.which(str(cwd / name) if "/" in name else name, path=where)
    if found is None and "/" in name and (cwd / name).is_file():
        raise PermissionError(f"{name!r} is a file that cannot be executed: chmod +x {cwd / name}")
    if found is None:
        raise FileNotFoundError(
            f"{name!r} is not a program that can be run here: it was looked for in "
            f"{cwd if '/' in name else where}. Without containers, a command must be installed on "
            "this machine."
        )
    return name if "/" in name else found
