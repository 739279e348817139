"""Containers of real images, run by the Docker command-line program where a user asks for it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from vertex_flow.engine.processes.command import Command, Exit
from vertex_flow.engine.processes.launcher import Launcher
from vertex_flow.engine.processes.process import Process
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import EngineError, nearest

RUNNERS = ("process", "docker")

_LABEL = "vertex-flow"
# What `docker run` itself ends with when it could not create the container.
CANNOT_RUN = 125


@attrs.frozen(kw_only=True)
class Container:
    """A command in a container of its own. Paths are those of this machine.

    Attributes:
        image: The image; it is pulled when it is not there.
        name: The container's name; one at a time has it.
        job: Resource name of the job that it belongs to.
        entrypoint: The program, or the empty text for the image's own entrypoint.
        args: Its arguments.
        env: Its environment variables, beside those of the image.
        log: File that gets standard output and standard error.
        folders: Folders that it uses beside the storage; they have the same path in it.
    """

    image: str
    name: str
    job: str
    entrypoint: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = attrs.field(factory=dict)
    log: Path
    folders: tuple[Path, ...] = ()


class ContainerProcess:
    """A running container: the program that follows it, and the container behind it.

    Args:
        docker: What started it.
        name: The container's name.
        client: The `docker run` that follows it.
        files: Its folder of temporary files, removed with it.
    """

    def __init__(self, docker: Docker, name: str, client: Process, files: Path) -> None:
        self._docker = docker
        self._name = name
        self._client = client
        self._end = asyncio.create_task(self._follow(files))

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._end.done()

    async def wait(self) -> Exit:
        """Wait until it has ended; the container has been removed by then."""
        return await asyncio.shield(self._end)

    async def terminate(self, grace: float = 5.0) -> None:
        """End the container and wait until it is gone.

        Args:
            grace: Seconds that it has for its own end after SIGTERM; then comes SIGKILL.
        """
        await self._docker.call("kill", "--signal", "TERM", self._name)
        await asyncio.wait({self._end}, timeout=grace)
        if self.running:
            await self._docker.call("kill", self._name)
            # An image that is still being pulled has no container that could be killed.
            await self._client.terminate()
        await self.wait()

    async def _follow(self, files: Path) -> Exit:
        try:
            end = await self._client.wait()
            _, state = await self._docker.call(
                "inspect", "--format", "{{.State.OOMKilled}}", self._name
            )
            return attrs.evolve(end, out_of_memory=state == "true")
        finally:
            await self._docker.call("rm", "--force", self._name)
            shutil.rmtree(files, ignore_errors=True)


def docker_for(runner: str | None, home: Home, launcher: Launcher) -> Docker | None:
    """Give what runs images, or None where jobs are processes.

    Args:
        runner: `process` or `docker`; None for what `VERTEX_FLOW_RUNNER` says, or `process`.
        home: The engine's folder.
        launcher: Starts the program.

    Raises:
        EngineError: There is no such runner.
    """
    chosen = runner or os.environ.get("VERTEX_FLOW_RUNNER") or RUNNERS[0]
    if chosen not in RUNNERS:
        raise EngineError(
            f"there is no runner {chosen!r}: choose process, or docker for the images themselves."
            + nearest(chosen, RUNNERS)
        )
    return Docker(home, launcher) if chosen == "docker" else None


class Docker:
    """Runs containers through the `docker` program on the search path.

    A container shares this machine's network, because the engine listens on the loopback interface
    alone; it runs as the user who runs the engine, and finds the storage at `/gcs`.

    Args:
        home: The engine's folder.
        launcher: Starts the program.
    """

    def __init__(self, home: Home, launcher: Launcher) -> None:
        self._home = home
        self._launcher = launcher
        self._owner = hashlib.sha256(str(home.root).encode()).hexdigest()[:16]

    async def recover(self) -> None:
        """Remove the containers that a killed engine of this folder has left behind.

        Raises:
            EngineError: There is no `docker` program, or no daemon that answers it.
        """
        code, output = await self.call(
            "ps", "--all", "--quiet", "--filter", f"label={_LABEL}={self._owner}"
        )
        if code:
            raise EngineError(
                f"the runner 'docker' needs a running Docker daemon, and `docker ps` failed: "
                f"{output or 'the program docker is not on the search path'}\nStart Docker, or "
                "choose the runner 'process'."
            )
        names = output.split()
        if names:
            await self.call("rm", "--force", *names)

    async def start(self, container: Container) -> ContainerProcess:
        """Start a container; the image is pulled when it is not there.

        Raises:
            FileNotFoundError: There is no `docker` program.
        """
        files = self._home.scratch("container")
        listed, named = self._variables(container)
        try:
            listing = _listing(files / "env", listed)
            command = Command(
                argv=("docker", *self._arguments(container, listing, named)),
                cwd=self._home.root,
                log=container.log,
                env=named,
            )
            client = await self._launcher.start(command)
        except BaseException:
            shutil.rmtree(files, ignore_errors=True)
            raise
        return ContainerProcess(self, container.name, client, files)

    async def call(self, *words: str) -> tuple[int, str]:
        """Run the program with some words; give its exit code and what it printed."""
        files = self._home.scratch("docker")
        log = files / "output"
        try:
            process = await self._launcher.start(
                Command(argv=("docker", *words), cwd=self._home.root, log=log)
            )
            end = await process.wait()
            code = 1 if end.code is None else end.code
            return code, log.read_text("utf-8", "replace").strip()
        except (OSError, EngineError):
            return 1, ""
        finally:
            shutil.rmtree(files, ignore_errors=True)

    def _variables(self, container: Container) -> tuple[dict[str, str], dict[str, str]]:
        """Give the variables of a container: those that a file can list, and those of many lines.

        Neither may be seen in the list of processes, so no value is an argument.
        """
        own = {name: self._inside(value) for name, value in container.env.items()}
        env = {"HOME": "/tmp", **self._launcher.variables, **own}  # noqa: S108 - in the container
        named = {name: value for name, value in env.items() if "\n" in value}
        return {name: value for name, value in env.items() if name not in named}, named

    def _arguments(self, container: Container, listing: Path, named: Iterable[str]) -> list[str]:
        entrypoint = ["--entrypoint", self._inside(container.entrypoint)]
        return [
            "run",
            *("--name", container.name),
            *("--label", f"{_LABEL}={self._owner}"),
            *("--label", f"{_LABEL}.job={container.job}"),
            *("--user", f"{os.getuid()}:{os.getgid()}"),
            *("--network", "host"),
            *self._volumes(container),
            *("--env-file", str(listing)),
            *(word for name in named for word in ("--env", name)),
            *(entrypoint if container.entrypoint else []),
            container.image,
            *map(self._inside, container.args),
        ]

    def _volumes(self, container: Container) -> Iterable[str]:
        storage = self._home.storage
        own = [path for path in container.folders if not path.is_relative_to(storage)]
        volumes = [f"{storage}:/gcs", *(f"{path}:{path}" for path in own)]
        return [word for volume in volumes for word in ("--volume", volume)]

    def _inside(self, text: str) -> str:
        """Give a text with paths of the storage as a container sees them."""
        return text.replace(f"{self._home.storage}/", "/gcs/")


def _listing(path: Path, variables: Mapping[str, str]) -> Path:
    """Write the file that tells `docker run` variables of one line each, for its owner alone."""
    path.touch(mode=0o600)
    path.write_text(
        "".join(f"{name}={value}\n" for name, value in variables.items()), encoding="utf-8"
    )
    return path
