"""The training image, as far as it can be checked without building it."""

from __future__ import annotations

import re

import pytest

from tests.trainer.running import ROOT

FOLDER = ROOT / "trainer"
LINES = [
    line
    for line in (FOLDER / "Dockerfile").read_text().splitlines()
    if line and not line.startswith("#")
]


def instructions(name: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{name} ")]


def test_the_base_is_a_pinned_release() -> None:
    (base,) = instructions("ARG")
    assert re.fullmatch(r"BASE=[a-z/]+:\d+\.\d+\.\d+", base)
    assert instructions("FROM") == ["${BASE}"]


def test_the_base_has_the_tensorflow_of_the_serving_image() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    serving = re.search(r"prediction/tf2-cpu\.(\d+)-(\d+)", text)
    base = re.search(r"BASE=tensorflow/tensorflow:(\d+)\.(\d+)\.", text)
    assert serving is not None
    assert base is not None
    assert serving.groups() == base.groups()


@pytest.mark.parametrize("copy", instructions("COPY"))
def test_what_is_copied_exists(copy: str) -> None:
    source, target = copy.split()
    assert (ROOT / source).exists()
    assert source == target


def test_only_the_trainer_is_copied() -> None:
    assert all(copy.startswith("trainer/") for copy in instructions("COPY"))


def test_requirements_are_pinned() -> None:
    lines = (FOLDER / "requirements.txt").read_text().splitlines()
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert requirements
    assert all(re.fullmatch(r"[a-z-]+==[0-9.]+(dev\d+)?", line) for line in requirements)


def test_pip_keeps_the_tensorflow_of_the_base() -> None:
    base = re.search(r"tensorflow/tensorflow:([0-9.]+)$", instructions("ARG")[0])
    assert base is not None
    assert f"tensorflow=={base.group(1)}\n" in (FOLDER / "requirements.txt").read_text()


def test_the_image_runs_as_root_for_vertex_ai_lets_root_alone_report_metrics() -> None:
    assert instructions("USER") == []


def test_the_entry_point_is_the_task() -> None:
    assert instructions("ENTRYPOINT") == ['["python", "-m", "trainer.task"]']
