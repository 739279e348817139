"""Learning curves from event files, on this machine and in a bucket."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.buckets import cloud_at
from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.report.facts import Curve
from vertex_flow.runs import curves
from vertex_flow.runs.curves import Folder, read

pytest.importorskip("tensorboard")

# Runs of trials, of training with two series, and with a value that is no number.
WRITES = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.summary import Writer
for run, values in {
    "tune/1/logs/train": (1, 2), "tune/10/logs/train": (3, 4), "tune/2/logs/train": (5, 6),
    "train/logs": (7, float("nan"), 8),
}.items():
    writer = Writer(f"{sys.argv[1]}/{run}")
    for step, value in enumerate(values):
        writer.add_scalar("epoch_loss", value, step)
    writer.close()
"""
BUCKET = "acme-ml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("curves") / "home"
    subprocess.run([sys.executable, "-c", WRITES, str(home / "storage" / BUCKET)], check=True)
    return home


@pytest.fixture(scope="module")
def cloud(home: Path) -> Iterator[GcpContext]:
    with EmbeddedEngine.start(home) as engine:
        yield cloud_at(engine)


def folders(root: str) -> list[Folder]:
    return [Folder("tune", f"{root}/tune", ("1", "2", "10")), Folder("train", f"{root}/train")]


def found(place: GcpContext | None, root: str) -> tuple[tuple[Curve, ...], list[str]]:
    said: list[str] = []
    return read(place, folders(root), said.append), said


EXPECTED = [
    ("train", "", "", ((0.0, 7.0), (2.0, 8.0))),
    ("tune", "1", "train", ((0.0, 1.0), (1.0, 2.0))),
    ("tune", "2", "train", ((0.0, 5.0), (1.0, 6.0))),
    ("tune", "10", "train", ((0.0, 3.0), (1.0, 4.0))),
]


def short(curves: tuple[Curve, ...]) -> list[object]:
    return [(one.stage, one.trial, one.series, one.points) for one in curves]


def test_curves_are_those_of_stages_and_trials(home: Path) -> None:
    read_, said = found(None, str(home / "storage" / BUCKET))
    assert short(read_) == EXPECTED
    assert {one.tag for one in read_} == {"loss"}
    assert said == []


def test_they_are_read_from_a_bucket(cloud: GcpContext) -> None:
    assert short(found(cloud, f"gs://{BUCKET}")[0]) == EXPECTED


def test_a_bucket_that_cannot_be_read_is_said(cloud: GcpContext) -> None:
    read_, said = found(cloud, "gs://no-such-bucket")
    assert read_ == ()
    assert [one.partition(" could not be read: ")[0] for one in said] == [
        "the learning curves of tune",
        "the learning curves of train",
    ]


def test_without_event_files_nothing_is_started(tmp_path: Path) -> None:
    assert found(None, str(tmp_path)) == ((), [])


def test_too_many_files_are_left_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "_FILES", 1)
    read_, said = found(None, str(home / "storage" / BUCKET))
    assert [one.trial for one in read_] == ["1"]
    assert said == ["3 event files are left out: there are too many, or they are too large."]


def test_what_is_no_event_file_is_said_or_empty(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "events.tfevents.1").write_bytes(b"no event file at all")
    assert found(None, str(tmp_path))[0] == ()


def test_without_tensorboard_that_is_said(home: Path, mocker: object) -> None:
    mocker.patch.object(curves, "find_spec", return_value=None)  # type: ignore[attr-defined]
    _, said = found(None, str(home / "storage" / BUCKET))
    assert said == ["learning curves are read by TensorBoard: pip install tensorboard."]


def test_long_curves_are_thinned(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple((float(at), 1.0) for at in range(1001))
    thin = curves._thinned(many, 11)
    assert [step for step, _ in thin] == [100.0 * at for at in range(11)]
