"""A tuning job whose engine is killed at moments of its own choosing, in a process of its own."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vertex_flow.engine.standing import StandingEngine

PARENT = "projects/acme/locations/us-central1"
TRAINER = """
import json, os, sys, time
x = float(sys.argv[1].partition("=")[2])
with open(os.environ["CLOUD_ML_HP_METRIC_FILE"], "a") as file:
    for step in range(3):
        time.sleep(0.02)
        line = {"timestamp": time.time(), "global_step": step, "score": -(x - 0.5) ** 2}
        file.write(json.dumps(line) + "\\n")
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    engine = StandingEngine.find(tmp_path / "home", silent=True)
    if engine is not None:
        engine.down(patience=5)


def ask(engine: StandingEngine, verb: str, path: str, body: Any = None) -> dict[str, Any]:
    token = {"authorization": f"Bearer {(engine.home / 'token').read_text()}"}
    answer = httpx.request(
        verb, f"{engine.endpoint}/v1/{path}", json=body, headers=token, timeout=60
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def tuning(source: Path, trials: int) -> dict[str, Any]:
    source.mkdir()
    (source / "task.py").write_text(TRAINER)
    container = {"imageUri": f"file://{source}", "command": ["python", "-m", "task"]}
    x = {"parameterId": "x", "doubleValueSpec": {"minValue": 0, "maxValue": 1}}
    study = {"metrics": [{"metricId": "score", "goal": "MAXIMIZE"}], "parameters": [x]}
    job = {"workerPoolSpecs": [{"replicaCount": 1, "containerSpec": container}]}
    counts = {"maxTrialCount": trials, "parallelTrialCount": 1}
    return {"displayName": "tune", "studySpec": study, "trialJobSpec": job, **counts}


def finished(engine: StandingEngine, name: str) -> dict[str, Any]:
    while True:
        job = ask(engine, "GET", name)
        if job["state"] not in ("JOB_STATE_PENDING", "JOB_STATE_RUNNING"):
            return job
        time.sleep(0.1)


def parameters(job: dict[str, Any]) -> list[float]:
    return [trial["parameters"][0]["value"] for trial in job["trials"]]


def check(home: Path, source: Path, *, trials: int, kills: int) -> None:
    """Run the job once as it is and once through kills, and compare."""
    many = f"{PARENT}/hyperparameterTuningJobs"
    body = tuning(source, trials)
    engine = StandingEngine.up(home)
    calm = finished(engine, ask(engine, "POST", many, body)["name"])
    name = ask(engine, "POST", many, body)["name"]
    moments = random.Random(7)
    for _ in range(kills):
        time.sleep(moments.uniform(0, 1.5))
        os.kill(engine.pid, signal.SIGKILL)
        engine = StandingEngine.up(home)
    job = finished(engine, name)
    assert job["state"] == calm["state"] == "JOB_STATE_SUCCEEDED"
    assert parameters(job) == parameters(calm)
    assert [trial["state"] for trial in job["trials"]] == ["SUCCEEDED"] * trials


def test_kills_do_not_change_what_comes_out(home, tmp_path):
    check(home, tmp_path / "source", trials=4, kills=2)


@pytest.mark.torture
def test_many_kills(home, tmp_path):
    check(home, tmp_path / "source", trials=20, kills=25)
