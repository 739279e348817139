"""From the specification of a job to the commands of its replicas."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.engine.jobs.checks import pools, replica_count
from vertex_flow.engine.processes import Command
from vertex_flow.engine.state.home import Home
from vertex_flow.names import Resource, join_uri

_SOURCE = re.compile(r"file://(?P<path>/[^@]*)(?:@sha256:[0-9a-fA-F]+)?")
# What TensorFlow calls the replicas of each worker pool.
_TASKS = ("chief", "worker", "ps", "evaluator")


@attrs.frozen(kw_only=True, eq=False)
class Replica:
    """One process of a job.

    Attributes:
        pool: Number of its worker pool; 0 is the primary one.
        index: Number in the pool.
        command: What it runs.
        note: A line for the beginning of its log, or the empty text.
    """

    pool: int
    index: int
    command: Command
    note: str = ""

    @property
    def name(self) -> str:
        """As in Vertex AI's messages: `workerpool0-0`."""
        return f"workerpool{self.pool}-{self.index}"


@attrs.frozen(kw_only=True)
class Launch:
    """How a job is run.

    Attributes:
        job: Resource name of the job.
        spec: A `CustomJobSpec`.
        logs: Parts of the path of the logs' folder.
        threads: Cores for the whole job; None for all of them.
    """

    job: str
    spec: Any
    logs: tuple[str, ...]
    threads: int | None = None


def replicas(launch: Launch, home: Home) -> list[Replica]:
    """Give the processes of a job, the primary one first; the output folders are made.

    Raises:
        FileNotFoundError: The source folder does not exist.
    """
    places = [
        (number, index, pool)
        for number, pool in pools(launch.spec)
        for index in range(replica_count(pool))
    ]
    common = {**_identity(launch.job), **_outputs(launch.spec, home)}
    addresses = _addresses([(number, index) for number, index, _ in places])
    threads = launch.threads
    if len(places) > 1:
        threads = max(1, (launch.threads or cores()) // len(places))
    return [
        _replica(
            launch,
            home,
            (number, index),
            pool,
            {**common, **_cluster(addresses, number, index)},
            threads,
        )
        for number, index, pool in places
    ]


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _replica(  # noqa: PLR0913, PLR0917 - private, and called once
    launch: Launch,
    home: Home,
    place: tuple[int, int],
    pool: Any,
    env: Mapping[str, str],
    threads: int | None,
) -> Replica:
    number, index = place
    package = pool.python_package_spec if "python_package_spec" in pool else None
    source = package or pool.container_spec
    image = package.executor_image_uri if package else source.image_uri
    argv = ["python", "-m", package.python_module] if package else list(source.command)
    folder = _source_folder(image)
    own = {entry.name: home.localise(entry.value) for entry in source.env}
    path = {} if folder is None else {"PYTHONPATH": _python_path(folder, own)}
    command = Command(
        argv=tuple(home.localise(word) for word in [*argv, *source.args]),
        cwd=folder or Path.cwd(),
        log=home.log(*launch.logs, f"workerpool{number}-{index}"),
        env={**env, **own, **path},
        threads=threads,
        requirements=tuple(str(home.path(uri)) for uri in package.package_uris) if package else (),
    )
    note = "" if folder else _note(image, command.cwd)
    return Replica(pool=number, index=index, command=command, note=note)


def _source_folder(image: str) -> Path | None:
    """Give the folder that stands for an image, or None when it is a real image."""
    match = _SOURCE.fullmatch(image)
    if match is None:
        return None
    folder = Path(match["path"])
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the source folder {folder} (image_uri {image!r}) does not exist on this machine"
        )
    return folder


def _python_path(folder: Path, env: Mapping[str, str]) -> str:
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
        "GOOGLE_CLOUD_PROJECT": name.project,
    }


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


def _addresses(places: Sequence[tuple[int, int]]) -> dict[int, list[str]]:
    """Give each replica an address with a free port, by worker pool."""
    found: dict[int, list[str]] = {}
    with ExitStack() as held:  # all at once, so that no port is given twice
        for number, _ in places:
            sock = held.enter_context(socket.socket())
            sock.bind(("127.0.0.1", 0))
            found.setdefault(number, []).append(f"127.0.0.1:{sock.getsockname()[1]}")
    return found


def _cluster(addresses: Mapping[int, list[str]], pool: int, index: int) -> dict[str, str]:
    """Describe the cluster to one replica; a job of a single replica has none."""
    if sum(map(len, addresses.values())) == 1:
        return {}
    spec = {
        "cluster": {f"workerpool{number}": found for number, found in addresses.items()},
        "task": {"type": f"workerpool{pool}", "index": index},
        "environment": "cloud",
    }
    config = {
        "cluster": {_TASKS[number]: found for number, found in addresses.items()},
        "task": {"type": _TASKS[pool], "index": index},
        "environment": "cloud",
    }
    return {"CLUSTER_SPEC": json.dumps(spec), "TF_CONFIG": json.dumps(config)}
