"""Two replicas that train together, as real processes."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from tests.trainer.running import Run, start

pytestmark = pytest.mark.slow
ROLES = ("chief", "worker")
FLAGS = ("--units=16", "--batch_size=12", "--max_shift=0")


def ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def launch(base: Path, data: Path, *flags: str) -> dict[str, subprocess.Popen[str]]:
    hosts = [f"127.0.0.1:{port}" for port in ports(len(ROLES))]
    cluster = {role: [host] for role, host in zip(ROLES, hosts, strict=True)}
    processes = {}
    for role in ROLES:
        config = json.dumps({"cluster": cluster, "task": {"type": role, "index": 0}})
        scratch = base / "scratch" / role
        scratch.mkdir(parents=True, exist_ok=True)
        extra = {"TF_CONFIG": config, "TMPDIR": str(scratch)}
        processes[role] = start(base, data, *FLAGS, *flags, extra=extra)
    return processes


def finish(processes: dict[str, subprocess.Popen[str]]) -> None:
    for process in processes.values():
        process.kill()
        process.communicate()


def train(base: Path, data: Path, *flags: str) -> dict[str, Run]:
    processes = launch(base, data, *flags)
    try:
        found = {role: process.communicate(timeout=200) for role, process in processes.items()}
    finally:
        finish(processes)
    return {role: Run(base, processes[role].returncode, *texts) for role, texts in found.items()}


@pytest.fixture(scope="module")
def pair(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return train(tmp_path_factory.mktemp("pair"), data, "--epochs=4")


def test_both_end_well(pair: dict[str, Run]) -> None:
    assert {role: run.code for role, run in pair.items()} == {"chief": 0, "worker": 0}


def lines(run: Run) -> Iterator[list[str]]:
    return (line.split()[:8] for line in run.output.splitlines() if line.startswith("epoch"))


def test_both_see_the_same_results(pair: dict[str, Run]) -> None:
    assert list(lines(pair["chief"])) == list(lines(pair["worker"]))


def test_they_learn(pair: dict[str, Run]) -> None:
    assert pair["chief"].metrics["val_accuracy"] >= 0.9


def test_the_model_is_served_alone(pair: dict[str, Run]) -> None:
    loaded = tf.saved_model.load(str(pair["chief"].base / "model"))
    found = loaded.signatures["serving_default"](image=tf.zeros([2, 28, 28]))
    assert found["probabilities"].shape == (2, 3)


def test_only_the_chief_writes(pair: dict[str, Run]) -> None:
    assert "model in" in pair["chief"].output
    assert "model in" not in pair["worker"].output
    assert not list((pair["chief"].base / "scratch/worker").glob("replica-*"))


@pytest.mark.torture
def test_both_go_on_after_the_last_checkpoint(pair: dict[str, Run], data: Path) -> None:
    runs = train(pair["chief"].base, data, "--epochs=6")
    expected = ["epoch 5/6", "epoch 6/6"]
    assert {role: run.epochs for role, run in runs.items()} == dict.fromkeys(ROLES, expected)


@pytest.mark.torture
def test_a_replica_whose_peer_dies_ends_with_one_line(data: Path, tmp_path: Path) -> None:
    processes = launch(tmp_path, data, "--epochs=500")
    try:
        assert processes["chief"].stdout is not None
        processes["chief"].stdout.readline()
        processes["worker"].kill()
        _, error = processes["chief"].communicate(timeout=100)
    finally:
        finish(processes)
    last = error.splitlines()[-1]
    assert processes["chief"].returncode == 1
    assert last.startswith("trainer: error: another replica is gone (")
    assert last.endswith("; start them all again, and training goes on after the last checkpoint")
