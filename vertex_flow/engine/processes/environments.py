"""Python environments for requirements that the engine's own environment does not meet."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shlex
import shutil
import site
import sys
import sysconfig
from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from vertex_flow.engine.processes.command import Command
from vertex_flow.engine.processes.process import Process
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import EngineError

_MARK = "complete"
_TAIL = 15
_APART = "And built apart from this environment:"
_BACKEND_MISSING = ("BackendUnavailable", "ModuleNotFoundError", "invalid command 'bdist_wheel'")


class RequirementsError(EngineError):
    """Requirements could not be installed.

    Attributes:
        requirements: What was to be installed.
        output: What pip printed.
    """

    def __init__(self, requirements: Sequence[str], output: str) -> None:
        self.requirements = tuple(requirements)
        self.output = output
        tail = "\n".join(output.strip().splitlines()[-_TAIL:])
        super().__init__(
            f"cannot install {', '.join(requirements)} for a job or a step of a pipeline. "
            f"pip said:\n{tail}\nInstall them into the environment that runs the engine "
            f"({sys.prefix}), or check the network and pip's settings."
        )


class Environments:
    """Environments by requirement set: built once, each on top of the engine's own."""

    def __init__(self, home: Home, start: Callable[[Command], Awaitable[Process]]) -> None:
        self._home = home
        self._start = start
        self._locks: dict[str, asyncio.Lock] = {}

    async def python(self, requirements: Iterable[str]) -> Path:
        """Give an interpreter that has the requirements.

        Args:
            requirements: Lines as pip takes them; those that begin with a hyphen are options.

        Returns:
            This interpreter when it has them all, else one of a cached environment.

        Raises:
            RequirementsError: pip cannot install them.
        """
        lines = [line.strip() for line in requirements if line.strip()]
        missing = [line for line in lines if not line.startswith("-") and not satisfied(line)]
        if not missing:
            return Path(sys.executable)
        options = [word for line in lines if line.startswith("-") for word in shlex.split(line)]
        place = self._home.envs / await asyncio.to_thread(_key, missing, options)
        async with self._locks.setdefault(place.name, asyncio.Lock()):
            if not (place / _MARK).exists():
                await self._build(place, missing, options)
        return place / "bin" / "python"

    async def private(self, place: Path) -> Path:
        """Make an environment for a program that installs packages itself.

        Args:
            place: Folder for it, which must not exist; whoever asks removes it.

        Returns:
            Its interpreter; `pip` and `pip3` are beside it.

        Raises:
            RequirementsError: It cannot be made.
        """
        words = ("--without-pip", "--system-site-packages", str(place))
        await self._run(("pip",), "python", "-m", "venv", *words)
        _see_own_packages(place)
        python = place / "bin" / "python"
        if find_spec("pip") is None:
            await self._run(("pip",), str(python), "-m", "ensurepip")
        for name in ("pip", "pip3"):
            script = place / "bin" / name
            script.write_text(f'#!/bin/sh\nexec "{python}" -m pip "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        return python

    async def _build(self, place: Path, requirements: Sequence[str], options: list[str]) -> None:
        """Make an environment; the mark, written last, tells whole ones from abandoned ones."""
        shutil.rmtree(place, ignore_errors=True)
        python = place / "bin" / "python"
        try:
            await self._run(requirements, "python", "-m", "venv", "--without-pip", str(place))
            _see_own_packages(place)
            installer = await self._installer(requirements, python)
            await self._install(installer, options, requirements)
            (place / _MARK).write_text("\n".join(requirements), encoding="utf-8")
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    async def _install(
        self, installer: Sequence[str], options: list[str], requirements: Sequence[str]
    ) -> None:
        """Install, by what is here to build packages with; else by what they name themselves.

        A package on this machine then needs no network as long as this environment has what it
        asks for.
        """
        archives = any(Path(line).is_file() for line in requirements)
        if not archives or find_spec("setuptools") is None:
            await self._run(requirements, *installer, *options, *requirements)
            return
        try:
            here = ("--no-build-isolation", *options)
            await self._run(requirements, *installer, *here, *requirements)
        except RequirementsError as error:
            if not any(word in error.output for word in _BACKEND_MISSING):
                raise
            await self._install_isolated(installer, options, requirements, error.output)

    async def _install_isolated(
        self,
        installer: Sequence[str],
        options: list[str],
        requirements: Sequence[str],
        before: str,
    ) -> None:
        """Build with what the packages name for it; when that fails too, say why both did."""
        try:
            await self._run(requirements, *installer, *options, *requirements)
        except RequirementsError as error:
            half = _TAIL // 2
            lines = error.output.strip().splitlines()
            told = [line.strip() for line in lines if "ERROR:" in line] or lines
            both = [*before.strip().splitlines()[-half:], _APART, *told[-half:]]
            raise RequirementsError(requirements, "\n".join(both)) from error

    async def _installer(self, requirements: Sequence[str], python: Path) -> tuple[str, ...]:
        """Give the command that installs into an environment.

        It is this environment's pip, else uv, else the pip that comes with Python.
        """
        if find_spec("pip") is not None:
            return ("python", "-m", "pip", "--python", str(python), "install")
        uv = shutil.which("uv")
        if uv is not None:
            return (uv, "pip", "install", "--python", str(python))
        await self._run(requirements, str(python), "-m", "ensurepip")
        return (str(python), "-m", "pip", "install")

    async def _run(self, requirements: Sequence[str], *argv: str) -> None:
        log = self._home.scratch("environment") / "log"
        try:
            command = Command(argv=argv, cwd=self._home.root, log=log, imports=frozenset())
            process = await self._start(command)
            try:
                end = await process.wait()
            except asyncio.CancelledError:
                await process.terminate()
                raise
            if not end.ok:
                raise RequirementsError(requirements, log.read_text("utf-8", "replace"))
        finally:
            shutil.rmtree(log.parent, ignore_errors=True)


def satisfied(line: str) -> bool:
    """Tell whether this environment meets a requirement.

    A requirement whose marker does not apply here is met; one that is a URL or a path never is.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return False
    return _met(requirement, frozenset())


def _met(requirement: object, seen: frozenset[str]) -> bool:
    from packaging.requirements import Requirement

    assert isinstance(requirement, Requirement)  # noqa: S101 - packaging is imported late
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True
    if requirement.url is not None:
        return False
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(version, prereleases=True):
        return False
    return all(_extra_met(requirement.name, extra, seen) for extra in requirement.extras)


def _extra_met(name: str, extra: str, seen: frozenset[str]) -> bool:
    from packaging.requirements import Requirement

    if f"{name}[{extra}]" in seen:
        return True
    for line in metadata.requires(name) or ():
        part = Requirement(line)
        if part.marker is None or part.marker.evaluate({"extra": ""}):
            continue
        if not part.marker.evaluate({"extra": extra}):
            continue
        part.marker = None
        if not _met(part, seen | {f"{name}[{extra}]"}):
            return False
    return True


def _key(requirements: Sequence[str], options: Sequence[str]) -> str:
    parts = [sorted(map(_identity, requirements)), list(options), sys.version, sys.prefix]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _identity(line: str) -> str:
    """Give what a requirement is known by: of a file its name and content, wherever it lies."""
    try:
        with Path(line).open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return line
    return f"{Path(line).name}@{digest.hexdigest()}"


def _see_own_packages(place: Path) -> None:
    """Let the environment import everything that this one has, its own packages first."""
    own = dict.fromkeys(
        [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    )
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    lines = [f"import site; site.addsitedir({folder!r})" for folder in own]
    target = place / "lib" / version / "site-packages" / "engine.pth"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
