"""Training runs for the tests, in this process and in processes of their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer import task

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    base: Path
    code: int
    output: str
    error: str

    @property
    def epochs(self) -> list[str]:
        """What each epoch's line starts with, for example `epoch 1/4`."""
        lines = self.output.splitlines()
        return [" ".join(line.split()[:2]) for line in lines if line.startswith("epoch ")]

    @property
    def metrics(self) -> dict[str, float]:
        found: dict[str, float] = json.loads((self.base / "metrics/metrics.json").read_text())
        return found


def environment(base: Path, *, trial: str = "") -> dict[str, str]:
    """The variables of a training process, as Vertex AI sets them."""
    found = {
        "AIP_MODEL_DIR": f"{base}/model/",
        "AIP_CHECKPOINT_DIR": f"{base}/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": f"{base}/logs/",
    }
    if trial:
        found |= {"CLOUD_ML_TRIAL_ID": trial, "CLOUD_ML_HP_METRIC_FILE": f"{base}/hp/metrics"}
    return found


@contextlib.contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def train(base: Path, data: Path, *flags: str, trial: str = "") -> Run:
    """Run the trainer in this process."""
    output, error = io.StringIO(), io.StringIO()
    with (
        variables(environment(base, trial=trial)),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(error),
    ):
        code = task.main([f"--train_data={data}", *flags])
    return Run(base, code, output.getvalue(), error.getvalue())


def start(
    base: Path, data: Path, *flags: str, extra: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start the trainer in a process of its own, with one thread."""
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "trainer.task", f"--train_data={data}", *flags],
        cwd=ROOT,
        env={**os.environ, **environment(base), **threads, **(extra or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
