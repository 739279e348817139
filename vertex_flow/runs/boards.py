"""TensorBoard for a run: a program on this machine, or the pages of an instance in the cloud."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.console import tensorboard_url
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import EngineError, SettingError
from vertex_flow.names import Resource, join_uri
from vertex_flow.report.snapshot import Snapshot

if TYPE_CHECKING:
    from vertex_flow.client import Client

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")
_PAUSE, _PATIENCE = 0.05, 10.0  # seconds
_STARTS_WITHIN = 120  # seconds; on a busy machine loading it takes many
# It ends with its input. TensorFlow, which takes it many seconds to load, is for checkpoints and
# files in buckets alone: where TensorBoard finds a module of this name, it goes without.
_PROGRAM = """
import os, sys, threading, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from tensorboard.main import run_main
run_main()
"""


@attrs.frozen
class Logged:
    """Where a job of a run, or a trial of it, logs to.

    Attributes:
        name: Readable name: `train`, `hyper-tune/trial-3`.
        uri: The folder of its TensorBoard logs.
        url: Its page in the TensorBoard instance that it logs to, or None.
    """

    name: str
    uri: str
    url: str | None = None


class TensorBoard:
    """TensorBoard for a run.

    Attributes:
        url: Where it is seen.
        urls: Pages by name of what logs there: in the cloud one for each job, else `url` alone.
    """

    def __init__(self, urls: Mapping[str, str], program: Program | None = None) -> None:
        self.urls = dict(urls)
        self.url = next(iter(self.urls.values()))
        self._program = program

    @property
    def is_local(self) -> bool:
        """Whether it is a program on this machine, which ends by `close`."""
        return self._program is not None

    def wait(self) -> None:
        """Wait until the program on this machine ends; in the cloud there is none."""
        if self._program is not None:
            self._program.wait()

    def close(self) -> None:
        """End the program on this machine; does nothing when it has ended."""
        if self._program is not None:
            self._program.close()

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Program:
    """TensorBoard as a program on this machine, over folders under readable names.

    It ends with this one, however that ends: it reads its input, which nobody writes to.

    Args:
        folders: Folder by name.
        port: Its port on 127.0.0.1; 0 for any free one.

    Attributes:
        url: Where it is.

    Raises:
        SettingError: The package is not installed.
        EngineError: It did not start, or not in time.
    """

    def __init__(self, folders: Mapping[str, Path], *, port: int) -> None:
        if find_spec("tensorboard") is None:
            raise SettingError(
                "TensorBoard is not installed in this environment: pip install tensorboard"
            )
        self._folder = Path(tempfile.mkdtemp(prefix="vertex-flow-tensorboard-"))
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = self._started(_linked(self._folder / "runs", folders), port)
            self.url = self._address(self._process, folders)
        except BaseException:
            self.close()
            raise

    def wait(self) -> None:
        """Wait until it ends."""
        if self._process is not None:
            self._process.wait()

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            _end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _started(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        where = ["--logdir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        with self._log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - a program of the package tensorboard
                [sys.executable, "-c", _PROGRAM, *where],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def _address(self, process: subprocess.Popen[bytes], folders: Mapping[str, Path]) -> str:
        """Wait until it says where it is."""
        deadline = time.monotonic() + _STARTS_WITHIN
        while True:
            ended, late = process.poll() is not None, time.monotonic() >= deadline
            said = self._log.read_text("utf-8", "replace")
            found = _ADDRESS.search(said)
            if found:
                return found.group()
            end = "\n".join(said.splitlines()[-5:])
            if ended:
                raise EngineError(f"TensorBoard did not start:\n{end}")
            if late:
                raise _late(folders, end)
            time.sleep(_PAUSE)


def _late(folders: Mapping[str, Path], end: str) -> EngineError:
    """Word that TensorBoard does not say where it is, and how it is found out why."""
    folder = os.path.commonpath(folders.values())
    command = shlex.join([sys.executable, "-m", "tensorboard.main", "--logdir", folder])
    said = f"What it has said:\n{end}" if end else "It has said nothing."
    return EngineError(
        f"TensorBoard did not start within {_STARTS_WITHIN} seconds, and was ended. Try again when "
        "this machine is less busy, or start it alone to see what it waits for: "
        f"{command}\n{said}"
    )


def open_board(
    client: Client, snapshot: Snapshot, home: Path | None, *, port: int = 0
) -> TensorBoard:
    """Start TensorBoard over the logs of a run, or give its pages in the cloud.

    Args:
        client: Speaks to the endpoint.
        snapshot: The run.
        home: The engine's folder; None in the cloud.
        port: Port on 127.0.0.1 of the program here; 0 for any free one.

    Raises:
        SettingError: The run has no logs, or in the cloud no instance to log to; or the package
            is not installed here.
        EngineError: TensorBoard did not start.
    """
    run = Resource.parse(snapshot.name).id
    found = list(logged(client, snapshot))
    if not found:
        raise SettingError(
            f"run {run} has no training job or trial yet, and so no logs for TensorBoard."
        )
    if home is not None:
        place = Home(home)
        program = Program({one.name: place.path(one.uri) for one in found}, port=port)
        return TensorBoard({run: program.url}, program)
    urls = {one.name.partition("/")[0]: one.url for one in found if one.url}
    if not urls:
        raise _without_instance(run, client)
    return TensorBoard(urls)


def _without_instance(run: str, client: Client) -> SettingError:
    _, project, _, location = client.parent.split("/")
    return SettingError(
        f"run {run} logs to no TensorBoard instance. Make one: vertex-flow setup "
        f"--project {project} --location {location}; and name it: flow.run(context, "
        f"tensorboard='projects/{project}/locations/{location}/tensorboards/ID')."
    )


def logged(client: Client, snapshot: Snapshot) -> Iterator[Logged]:
    """Find where the jobs of a run log to.

    Args:
        client: Speaks to the endpoint.
        snapshot: The run.
    """
    for stage in snapshot.stages:
        each = [list(_logs_of(client, job)) for job in snapshot.jobs(stage.name)]
        for number, logs in enumerate(filter(None, each), 1):
            name = stage.name if number == 1 else f"{stage.name}-{number}"
            yield from (attrs.evolve(one, name=f"{name}{one.name}") for one in logs)


def _logs_of(client: Client, name: str) -> Iterator[Logged]:
    """Where a job, or each of its trials, logs to; named by what follows the stage."""
    kind = Resource.parse(name).collection
    if kind == "customJobs":
        spec = client.get_custom_job(name).job_spec
        base = spec.base_output_directory.output_uri_prefix
        if base:
            yield Logged("", join_uri(base, "logs"), _page(spec.tensorboard, name))
    elif kind == "hyperparameterTuningJobs":
        job: Any = client.get_tuning_job(name)
        base = job.trial_job_spec.base_output_directory.output_uri_prefix
        page = _page(job.trial_job_spec.tensorboard, name)
        for trial in job.trials if base else ():
            yield Logged(f"/trial-{trial.id}", join_uri(base, trial.id, "logs"), page)


def _page(instance: str, job: str) -> str | None:
    return tensorboard_url(instance, Resource.parse(job).id) if instance else None


def _linked(root: Path, folders: Mapping[str, Path]) -> Path:
    """Make links to folders, by their names, below a new folder."""
    for name, folder in folders.items():
        link = root / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder, target_is_directory=True)
    return root


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
