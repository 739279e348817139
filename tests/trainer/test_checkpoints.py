"""Going on after a run that was stopped."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import numpy as np

from tests.trainer.running import Run, start, train

FLAGS = ("--units=16", "--batch_size=12", "--dropout=0")
MANY = ("--epochs=40", "--units=8", "--batch_size=108")


def test_a_killed_run_goes_on_after_its_last_epoch(data: Path, tmp_path: Path) -> None:
    process = start(tmp_path, data, *MANY)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=60)
    done = len([first, *rest.splitlines()])
    assert process.returncode == -signal.SIGKILL

    run = train(tmp_path, data, *MANY)
    start_again = int(run.output.splitlines()[0].removeprefix("resumed after epoch "))
    # The kill may have come between a checkpoint and its line.
    assert start_again in (done, done + 1)
    assert run.epochs == [f"epoch {number}/40" for number in range(start_again + 1, 41)]


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    trained: Run, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained.base / "checkpoints", tmp_path / "checkpoints")
    state = tmp_path / "checkpoints/checkpoint"
    state.write_text('model_checkpoint_path: "ckpt-3"\nall_model_checkpoint_paths: "ckpt-3"\n')
    run = train(tmp_path, data, "--epochs=4", *FLAGS)
    assert run.epochs == ["epoch 4/4"]
    found, expected = (list(one.metrics.values()) for one in (run, trained))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_a_finished_run_only_reports_and_exports_again(
    trained: Run, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained.base / "checkpoints", tmp_path / "checkpoints")
    run = train(tmp_path, data, "--epochs=4", *FLAGS, trial="1")
    assert (run.epochs, run.metrics) == ([], trained.metrics)
    assert '"global_step": "4"' in (tmp_path / "hp/metrics").read_text()
    assert (tmp_path / "model/saved_model.pb").exists()


def test_a_checkpoint_of_another_network_is_one_line(
    trained: Run, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained.base / "checkpoints", tmp_path / "checkpoints")
    run = train(tmp_path, data, "--epochs=4", "--units=24")
    assert run.code == 1
    assert run.error.startswith(
        f"trainer: error: the checkpoint {tmp_path}/checkpoints/ckpt-4 cannot be restored; it "
        "may come from other flags. Use those it was written with, or an empty "
        "AIP_CHECKPOINT_DIR. ("
    )


def test_a_damaged_checkpoint_is_one_line(trained: Run, data: Path, tmp_path: Path) -> None:
    shutil.copytree(trained.base / "checkpoints", tmp_path / "checkpoints")
    for path in (tmp_path / "checkpoints").glob("ckpt-4.data*"):
        path.write_bytes(b"")
    run = train(tmp_path, data, "--epochs=4", *FLAGS)
    assert (run.code, run.error.count("\n")) == (1, 1)
    assert "cannot be restored" in run.error


def test_two_checkpoints_are_kept(trained: Run) -> None:
    found = sorted(path.name for path in (trained.base / "checkpoints").glob("*.index"))
    assert found == ["ckpt-3.index", "ckpt-4.index"]
