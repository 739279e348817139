"""The engine's folder: odd names, a full disk, a folder or a port that somebody else has."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.end_to_end.conftest import Lab
from vertex_flow import Flow, GcpContext, Run
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import EngineError, PortInUseError, VertexFlowError
from vertex_flow.stages import ImportDataset, Preprocess


def flow(data: Path, *, size: float = 0.25) -> Flow:
    """A flow that runs a process of its own and writes files."""
    return Flow("split", [ImportDataset(str(data)), Preprocess(test_fraction=size)])


@pytest.mark.parametrize("name", ["with space", "ünï-漢字-🎉", 'it\'s "quoted" #1 %s', "a\nb"])
def test_a_folder_may_have_any_name(tmp_path: Path, lab: Lab, name: str):
    context = GcpContext.local(tmp_path / name / "home")
    run = flow(lab.folder / "data.npz").run(context, progress=None)
    run.close()
    assert run.state == "SUCCEEDED"
    assert Path(run["preprocess"].artifacts["test_data"].uri).is_file()


def test_a_folder_that_is_a_file(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EngineError) as caught:
        EmbeddedEngine.start(file)
    assert str(caught.value) == (
        f"the engine's folder {file} cannot be used: [Errno 17] File exists: '{file}'"
    )


def test_a_second_run_in_the_folder_at_the_same_time(lab: Lab, desk):
    script = desk.work / "second.py"
    script.write_text(
        "from vertex_flow import Flow\nfrom vertex_flow.errors import HomeBusyError\n"
        "from vertex_flow.stages import ImportDataset\n"
        "try:\n    Flow('second', [ImportDataset('/data.npz')]).run()\n"
        "except HomeBusyError as error:\n    print(error)\n"
    )
    home = lab.context.home
    result = desk.run(str(script), VERTEX_FLOW_HOME=str(home))
    assert re.fullmatch(
        rf"{home} is in use by process \d+: two runs cannot share one folder at the same time\. "
        r"Wait for the other run to end, or give this one a folder of its own: "
        r"VERTEX_FLOW_HOME=<folder>, or GcpContext\.local\(home=<folder>\)\. Programs share the "
        rf"engine that `vertex-flow up --home {home}` starts in a free folder\.\n",
        result.out,
    )


def test_the_run_that_has_the_folder_goes_on(lab: Lab):
    assert lab.run(flow(lab.folder / "data.npz")).state == "SUCCEEDED"


def test_a_port_that_is_taken(tmp_path: Path, lab: Lab):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        context = GcpContext.local(tmp_path / "home", port=port)
        with pytest.raises(PortInUseError) as caught:
            flow(lab.folder / "data.npz").run(context, progress=None)
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is in use: choose another one, or 0 for any free port."
    )


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A disk of its own whose size can be set; skips where mounting is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(size: str) -> Path:
        options = f"size={size}" if not os.path.ismount(folder) else f"remount,size={size}"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted: {done.stderr.strip()}")
        return folder

    yield resize
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_that_is_read_only(disk):
    folder = disk("1m,ro")
    with pytest.raises(EngineError) as caught:
        EmbeddedEngine.start(folder / "home")
    assert str(caught.value) == (
        f"the engine's folder {folder}/home cannot be used: [Errno 30] Read-only file system: "
        f"'{folder}/home'"
    )


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, disk):
    """Whatever the disk was too small for, the same folder works when there is space again."""
    data = tmp_path / "data.npz"
    x = np.random.default_rng(0).integers(0, 255, (400, 28, 28)).astype("uint8")
    np.savez(data, x=x, y=np.arange(400) % 10)
    errors = [full(disk(size), data) for size in ("100k", "600k")]
    assert all(error is not None for error in errors)
    assert [error for error in errors if "full" not in error and "space" not in error] == []
    context = GcpContext.local(disk("50m") / "home")
    before = flow(data).run(context, progress=None)
    before.close()
    assert full(disk("2m"), data, size=0.4) is not None
    disk("50m")
    after = flow(data).run(context, progress=None)
    kept = Run.attach(context, before.name)
    states = [before.state, after["preprocess"].state, kept.state]
    after.close()
    assert states == ["SUCCEEDED", "REUSED", "SUCCEEDED"]


def full(disk: Path, data: Path, *, size: float = 0.25) -> str | None:
    """Run a flow that the disk is too small for, and give its error."""
    try:
        flow(data, size=size).run(GcpContext.local(disk / "home"), progress=None).close()
    except VertexFlowError as error:
        return str(error)
    return None
