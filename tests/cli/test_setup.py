"""`vertex-flow setup` and `vertex-flow teardown`, one after the other on one project."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cli.cloud import CloudShell, cloud_shell

BUCKET = "create bucket gs://acme-vertex-flow in us-central1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    with cloud_shell(tmp_path_factory.mktemp("setup")) as shell:
        yield shell


def test_a_dry_run_lists_and_changes_nothing(cloud: CloudShell) -> None:
    done = cloud("setup", "--dry-run")
    assert (done.returncode, BUCKET in done.stdout) == (1, True)
    assert cloud.whole.project.changing() == []


def test_without_an_answer_nothing_is_changed(cloud: CloudShell) -> None:
    done = cloud("setup")
    assert (done.returncode, "Make these changes?" in done.stdout) == (1, True)
    assert cloud.whole.project.changing() == []


def test_with_an_answer_everything_is_made(cloud: CloudShell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vertex_flow", "setup"],
        check=False,
        cwd=cloud.shell.folder,
        input="y\n",
        capture_output=True,
        text=True,
        timeout=120,
        env={**cloud.shell.environment(), **cloud.variables},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert BUCKET in done.stdout.splitlines()
    assert cloud("doctor").returncode == 0


def test_a_second_time_there_is_nothing_to_do(cloud: CloudShell) -> None:
    assert cloud.json("setup", "--yes")["changes"] == []


def test_what_is_in_the_way_is_said_and_nothing_is_changed(cloud: CloudShell) -> None:
    cloud.whole.project.billing.on = False
    before = len(cloud.whole.project.changing())
    done = cloud("setup", "--yes", "--bucket", "acme-other-bucket")
    cloud.whole.project.billing.on = True
    assert (done.returncode, done.stderr) == (2, "")
    assert "acme-other-bucket" in done.stdout
    assert "billing" in done.stdout
    assert len(cloud.whole.project.changing()) == before


@pytest.mark.parametrize("words", [("--dry-run",), ()], ids=["dry run", "no answer"])
def test_taking_down_lists_first(cloud: CloudShell, words: tuple[str, ...]) -> None:
    done = cloud("teardown", *words)
    assert "bucket gs://acme-vertex-flow" in done.stdout
    assert cloud("doctor").returncode == 0


def test_taking_down_removes_what_was_made(cloud: CloudShell) -> None:
    said = cloud.json("teardown", "--yes")
    assert (said["done"], "bucket gs://acme-vertex-flow" in said["gone"]) == (True, True)
    assert cloud.json("teardown")["gone"] == []
