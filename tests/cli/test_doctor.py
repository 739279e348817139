"""`vertex-flow doctor`, and the options of every command that is about a project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.cloud import CloudShell, cloud_shell
from tests.cli.conftest import Shell


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    with cloud_shell(tmp_path_factory.mktemp("doctor")) as shell:
        yield shell


def test_what_is_missing_is_listed_with_its_fix(cloud: CloudShell) -> None:
    done = cloud("doctor")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert ["missing", "API", "storage", "not", "enabled"] in lines
    assert ["gcloud", "services", "enable", "storage.googleapis.com", "--project=acme"] in lines
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_it_says_the_same_to_a_program(cloud: CloudShell) -> None:
    said = cloud.json("doctor")
    states = {one["name"]: one["state"] for one in said["findings"]}
    assert (said["ok"], states["project"], states["API storage"]) == (False, "ok", "missing")


def test_a_project_that_is_not_there(cloud: CloudShell) -> None:
    done = cloud("doctor", "--project", "acmee")
    assert done.returncode in (1, 2)
    assert "project" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--on", "--profile"])
def test_a_profile_says_where(cloud: CloudShell, option: str) -> None:
    profile = '[tool.vertex_flow.contexts.dev]\nproject = "acme"\nbucket = "acme-dev-bucket"'
    (cloud.shell.folder / "pyproject.toml").write_text(profile)
    assert cloud("doctor", option, "dev").returncode == 1
    assert "gs://acme-dev-bucket" in cloud("setup", option, "dev", "--dry-run").stdout


def test_this_machine_is_no_project(cloud: CloudShell) -> None:
    done = cloud("doctor", "--on", "local")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no Google Cloud project behind it" in done.stderr


def test_a_profile_and_a_project_do_not_go_together(cloud: CloudShell) -> None:
    done = cloud("doctor", "--on", "dev", "--project", "acme")
    assert (done.returncode, done.stderr) == (
        1,
        "Error: --on dev and --project: a profile says where everything is. Give one of the two.\n",
    )


def test_a_location_with_a_typo(shell: Shell) -> None:
    done = shell("doctor", "--project", "acme", "--location", "us-centrl1")
    assert (done.returncode, done.stderr) == (
        1,
        "Error: GcpContext(location='us-centrl1'): Vertex AI is in no such region; expected one "
        "such as 'us-central1' or 'europe-west4'. Did you mean 'us-central1'?\n",
    )


def test_no_credentials_at_all(shell: Shell) -> None:
    nobody = {
        "HOME": str(shell.folder),
        "NO_GCE_CHECK": "true",
        "GOOGLE_APPLICATION_CREDENTIALS": "",
    }
    done = shell("doctor", "--project", "acme", **nobody)
    assert done.returncode in (1, 2)
    assert "gcloud auth application-default login" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
