"""The program runs as one of its own, so that TensorBoard is not loaded into the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vertex_flow.engine.tensorboards import event_files

LIGHT = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.summary import Writer
"""
WRITES = f"""{LIGHT}
for run in ("", "/b/c", "/a"):
    writer = Writer(sys.argv[1] + run)
    writer.add_scalar("loss", 0.5, 1)
    writer.add_scalar("loss", 0.25, 2)
    writer.close()
"""
# As TensorFlow 1 and PyTorch write them: values of their own, not tensors.
OLD = f"""{LIGHT}
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter(sys.argv[1])
value = summary_pb2.Summary.Value(tag="accuracy", simple_value=0.5)
writer.add_event(event_pb2.Event(step=7, summary=summary_pb2.Summary(value=[value])))
text = summary_pb2.Summary.Value(tag="image", image=summary_pb2.Summary.Image(height=1))
writer.add_event(event_pb2.Event(step=7, summary=summary_pb2.Summary(value=[text])))
writer.close()
"""


def program(code: str, folder: Path) -> str:
    command = [sys.executable, *(["-c", code] if code else [event_files.__file__]), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program("", folder).splitlines()]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("logs")
    program(WRITES, folder)
    return read(folder)


def test_each_folder_is_a_run(found: list[dict[str, Any]]) -> None:
    assert [one["run"] for one in found] == [".", "a", "b/c"]


def test_points(found: list[dict[str, Any]]) -> None:
    assert [(step, value) for step, _, value in found[0]["points"]] == [(1, 0.5), (2, 0.25)]


def test_scalars_of_the_old_kind_and_scalars_alone(tmp_path: Path) -> None:
    program(OLD, tmp_path)
    assert [(one["tag"], len(one["points"])) for one in read(tmp_path)] == [("accuracy", 1)]


def test_a_folder_without_events(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")
    assert read(tmp_path) == []
