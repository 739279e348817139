"""From the specification of a job to the commands of its replicas."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs

from vertex_flow.engine.jobs.checks import pools, replica_count
from vertex_flow.engine.jobs.cluster import Cluster
from vertex_flow.engine.jobs.packages import check_package
from vertex_flow.engine.processes import Command, Container, installs
from vertex_flow.engine.state.home import Home
from vertex_flow.names import Resource, join_uri

_SOURCE = re.compile(r"file://(?P<path>/[^@]*)(?:@sha256:[0-9a-fA-F]+)?")


@attrs.frozen(kw_only=True, eq=False)
class Replica:
    """One process of a job.

    Attributes:
        pool: Number of its worker pool; 0 is the primary one.
        index: Number in the pool.
        command: What it runs.
        container: The container that it runs in, or None when it is a process.
        note: A line for the beginning of its log, or the empty text.
    """

    pool: int
    index: int
    command: Command
    container: Container | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """As in Vertex AI's messages: `workerpool0-0`."""
        return f"workerpool{self.pool}-{self.index}"


@attrs.frozen(kw_only=True)
class Surroundings:
    """What a job has around it that its specification does not say.

    Attributes:
        logs: Parts of the path of the logs' folder; the job's own when there are none.
        threads: Cores for the whole job; None for all of them.
        trial: Number of the trial that the job is, or the empty text.
        scratch: A folder that its processes write to beside the storage, or None.
    """

    logs: tuple[str, ...] = ()
    threads: int | None = None
    trial: str = ""
    scratch: Path | None = None


@attrs.frozen(kw_only=True)
class Launch:
    """How a job is run.

    Attributes:
        job: Resource name of the job.
        spec: A `CustomJobSpec`.
        around: What it has around it.
        containers: Whether real images run in containers of their own.
    """

    job: str
    spec: Any
    around: Surroundings = Surroundings()
    containers: bool = False

    @property
    def logs(self) -> tuple[str, ...]:
        """Parts of the path of the logs' folder."""
        return self.around.logs or ("customJobs", Resource.parse(self.job).id)


def replicas(launch: Launch, home: Home) -> list[Replica]:
    """Give the processes of a job, the primary one first; the output folders are made.

    Raises:
        FileNotFoundError: The source folder does not exist.
        ApiError: INVALID_ARGUMENT; a package is missing, or is none.
    """
    places = [
        (number, index, pool)
        for number, pool in pools(launch.spec)
        for index in range(replica_count(pool))
    ]
    common = {**_identity(launch.job), **_related(launch.spec), **_outputs(launch.spec, home)}
    cluster = Cluster.of([place[:2] for place in places], launch.spec, launch.around.trial)
    threads = launch.around.threads
    if len(places) > 1:
        threads = max(1, (threads or cores()) // len(places))
    made = []
    for number, index, pool in places:
        plan = _plan(pool, home, containers=launch.containers)
        command = plan.command(
            env={**common, **cluster.variables(number, index)},
            log=home.log(*launch.logs, f"workerpool{number}-{index}"),
            threads=threads,
        )
        note = "" if plan.contained or plan.folder else _note(plan.image, command.cwd)
        replica = Replica(pool=number, index=index, command=command, note=note)
        made.append(_contained(replica, plan, launch, home) if plan.contained else replica)
    return made


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@attrs.frozen(kw_only=True, eq=False)
class _Plan:
    """What the replicas of one worker pool run, in the paths of this machine."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    image: str
    folder: Path | None
    packages: tuple[str, ...] = ()
    contained: bool = False
    entrypoint: bool = True

    def command(self, *, env: Mapping[str, str], log: Path, threads: int | None) -> Command:
        path = {} if self.folder is None else {"PYTHONPATH": python_path(self.folder, self.env)}
        private = not self.contained and installs(self.argv)
        return Command(
            argv=self.argv or ("",),
            cwd=self.folder or Path.cwd(),
            log=log,
            env={**env, **self.env, **path},
            threads=threads,
            requirements=() if self.contained else self.packages,
            private=private,
        )


def _plan(pool: Any, home: Home, *, containers: bool) -> _Plan:
    package = pool.python_package_spec if "python_package_spec" in pool else None
    source = package or pool.container_spec
    image = package.executor_image_uri if package else source.image_uri
    folder = source_folder(image)
    contained = containers and folder is None
    packages: tuple[str, ...] = ()
    argv = tuple(map(home.localise, source.args))
    if package:
        packages = tuple(str(_package(home, uri)) for uri in package.package_uris)
        argv = ("python", "-m", package.python_module, *argv)
    else:
        argv = (*map(home.localise, source.command), *argv)
    if package and contained:
        argv = _installing(packages, argv)
    return _Plan(
        argv=argv,
        env={entry.name: home.localise(entry.value) for entry in source.env},
        image=image,
        folder=folder,
        packages=packages,
        contained=contained,
        entrypoint=bool(package or source.command),
    )


def _package(home: Home, uri: str) -> Path:
    path = home.path(uri)
    check_package(path, uri)
    return path


def _installing(packages: tuple[str, ...], argv: tuple[str, ...]) -> tuple[str, ...]:
    """Give the command of a container that installs packages before it runs a module."""
    run = f"exec python3 {shlex.join(argv[1:])}"
    if not packages:
        return ("sh", "-c", run)
    return ("sh", "-c", f"python3 -m pip install -q --user {shlex.join(packages)} && {run}")


def _contained(replica: Replica, plan: _Plan, launch: Launch, home: Home) -> Replica:
    """Put a replica into a container of its image."""
    base = launch.spec.base_output_directory.output_uri_prefix
    folders = [launch.around.scratch, home.path(base) if base else None]
    folders += [Path(package).parent for package in plan.packages]
    container = Container(
        image=plan.image,
        name=f"vertex-flow-{Resource.parse(launch.job).id}-{replica.name}",
        job=launch.job,
        entrypoint=plan.argv[0] if plan.entrypoint else "",
        args=plan.argv[1:] if plan.entrypoint else plan.argv,
        env=replica.command.env,
        log=replica.command.log,
        folders=tuple(filter(None, folders)),
    )
    return attrs.evolve(replica, container=container)


def source_folder(image: str) -> Path | None:
    """Give the folder that stands for an image, or None when it is a real image.

    Args:
        image: `file://<folder>`, with `@sha256:<digest>` or without, is a folder.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    match = _SOURCE.fullmatch(image)
    if match is None:
        return None
    folder = Path(unquote(match["path"]))
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the source folder {folder} (image_uri {image!r}) does not exist on this machine"
        )
    return folder


def python_path(folder: Path, env: Mapping[str, str]) -> str:
    """Give a `PYTHONPATH` with a folder first, then what the variables of a process say."""
    rest = env.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    return os.pathsep.join(filter(None, [str(folder), rest]))


def _note(image: str, cwd: Path) -> str:
    return (
        f"[vertex_flow] No container is started for {image or 'this job'}: its command runs in "
        f"{cwd}, in this Python environment."
    )


def _identity(job: str) -> dict[str, str]:
    name = Resource.parse(job)
    return {
        "CLOUD_ML_JOB_ID": name.id,
        "CLOUD_ML_PROJECT_ID": name.project,
        "CLOUD_ML_REGION": name.location,
        "GOOGLE_CLOUD_PROJECT": name.project,
    }


def _related(spec: Any) -> dict[str, str]:
    """Name the experiment, its run and the TensorBoard instance, as Google's client reads them."""
    experiment = spec.experiment.rpartition("/")[2]
    run = spec.experiment_run.rpartition("/")[2].removeprefix(f"{experiment}-")
    found = {
        "AIP_EXPERIMENT_NAME": experiment,
        "AIP_EXPERIMENT_RUN_NAME": run,
        "AIP_TENSORBOARD_RESOURCE_NAME": spec.tensorboard,
    }
    return {name: value for name, value in found.items() if value}


def _outputs(spec: Any, home: Home) -> dict[str, str]:
    base = spec.base_output_directory.output_uri_prefix
    if not base:
        return {}
    variables = {
        "AIP_MODEL_DIR": "model",
        "AIP_CHECKPOINT_DIR": "checkpoints",
        "AIP_TENSORBOARD_LOG_DIR": "logs",
    }
    folders = {name: home.path(join_uri(base, part)) for name, part in variables.items()}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {name: f"{folder}/" for name, folder in folders.items()}
