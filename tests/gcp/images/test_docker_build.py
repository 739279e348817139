"""Docker on this machine: against a stand-in for the `docker` program.

The stand-in (`docker_stand_in.py`) records what it is called with, its settings and the archive
that it is sent, and prints what a test has put into a file of the command's name.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cloud.building import REGISTRY, Bench
from vertex_flow import Trainer
from vertex_flow.errors import ImageBuildFailed
from vertex_flow.gcp.images.build_context import collect

DIGEST = f"sha256:{'ab' * 32}"
PUSHED = f"abc: Pushed\nsrc-1: digest: {DIGEST} size: 1234\n"


@attrs.frozen
class Docker:
    """The stand-in on the search path."""

    state: Path

    def answer(self, command: str, text: str) -> None:
        (self.state / command).write_text(text)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.state / "calls").read_text().splitlines()]

    def words(self, command: str) -> list[list[str]]:
        return [one["words"] for one in self.calls if one["words"][0] == command]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    folder, state = tmp_path / "bin", tmp_path / "state"
    folder.mkdir()
    state.mkdir()
    program = folder / "docker"
    stand_in = Path(__file__).parent / "docker_stand_in.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stand_in}" "{state}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    for name in ("DOCKER_HOST", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    docker = Docker(state)
    docker.answer("push", PUSHED)
    return docker


def build(b: Bench, trainer: Trainer | None = None) -> str:
    return b.build(trainer, builder="docker")


def failed(b: Bench) -> ImageBuildFailed:
    with pytest.raises(ImageBuildFailed) as caught:
        build(b)
    return caught.value


def image(b: Bench) -> str:
    return f"{REGISTRY}/trainer:{collect(b.trainer).tag}"


def test_the_digest_is_that_of_the_push(b: Bench, docker: Docker) -> None:
    assert build(b) == f"{REGISTRY}/trainer@{DIGEST}"


def test_a_digest_that_docker_does_not_tell_is_looked_up(b: Bench, docker: Docker) -> None:
    docker.answer("push", "pushed\n")
    digest = f"sha256:{'1' * 64}"
    trainer = b.trainer

    def pushed(line: str) -> None:
        b.images.push(image(b), digest)

    assert b.build(trainer, builder="docker", say=pushed) == f"{REGISTRY}/trainer@{digest}"


def test_how_docker_is_called(b: Bench, docker: Docker) -> None:
    build(b)
    tags = ["--tag", image(b), "--tag", f"{REGISTRY}/trainer:latest"]
    assert [one["words"] for one in docker.calls] == [
        ["build", "--platform", "linux/amd64", "--file", "Dockerfile", *tags, "-"],
        ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
        ["push", image(b)],
        ["push", f"{REGISTRY}/trainer:latest"],
    ]


def test_a_base_image(b: Bench, docker: Docker) -> None:
    (b.folder / "Dockerfile").write_text("ARG BASE=x\nFROM ${BASE}\n")
    build(b, Trainer(module="learner.task", source=str(b.folder), base_image="acme/base:1"))
    assert docker.words("build")[0][-3:] == ["--build-arg", "BASE=acme/base:1", "-"]


def test_the_sources_come_by_standard_input(b: Bench, docker: Docker) -> None:
    build(b)
    with tarfile.open(docker.state / "sources.tar.gz") as archive:
        assert archive.getnames() == ["learner", "Dockerfile", "learner/task.py"]


def test_what_docker_prints_is_said(b: Bench, docker: Docker) -> None:
    docker.answer("build", "Step 1\n\x1b[31mred\n")
    build(b)
    assert b.said == ["Step 1", r"\x1b[31mred", *PUSHED.splitlines() * 2]


def test_the_token_is_in_settings_of_its_own_for_the_push_alone(b: Bench, docker: Docker) -> None:
    build(b)
    first, _, push, _ = docker.calls
    secret = base64.b64encode(b"oauth2accesstoken:a-token").decode()
    assert (first["config"], first["settings"]) == (None, None)
    assert push["settings"] == {"auths": {"europe-west4-docker.pkg.dev": {"auth": secret}}}
    assert push["mode"] == "0o600"
    assert not Path(push["config"]).exists()


def test_the_token_is_no_argument(b: Bench, docker: Docker) -> None:
    build(b)
    assert "a-token" not in json.dumps([one["words"] for one in docker.calls])


def test_the_token_is_removed_when_the_push_fails(b: Bench, docker: Docker) -> None:
    docker.answer("push-fails", "denied\n")
    failed(b)
    assert not Path(docker.calls[-1]["config"]).exists()


def test_the_users_own_settings_are_those_of_the_build(
    b: Bench, docker: Docker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text('{"mine": 1}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "mine"))
    build(b)
    assert docker.calls[0]["settings"] == {"mine": 1}
    assert (tmp_path / "mine" / "config.json").read_text() == '{"mine": 1}'


def test_the_daemon_of_the_users_context(b: Bench, docker: Docker) -> None:
    docker.answer("context", "unix:///home/me/.colima/docker.sock\n")
    build(b)
    hosts = {one["words"][0]: one["host"] for one in docker.calls}
    assert hosts == {
        "build": None,
        "context": None,
        "push": "unix:///home/me/.colima/docker.sock",
    }


def test_the_daemon_of_the_environment(
    b: Bench, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    build(b)
    assert [one["host"] for one in docker.calls] == ["tcp://127.0.0.1:1"] * 3


def test_no_docker(b: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(failed(b)) == (
        f"{image(b)} was not built: there is no program docker on the search path.\n"
        "  Fix: install Docker, https://docs.docker.com/get-docker, or build in the cloud: "
        "build_image(..., builder='cloud')."
    )


def test_no_daemon(b: Bench, docker: Docker) -> None:
    docker.answer(
        "build-fails",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon "
        "running?\n",
    )
    assert str(failed(b)) == (
        f"{image(b)} was not built: Cannot connect to the Docker daemon at "
        "unix:///var/run/docker.sock. Is the docker daemon running?\n"
        "  Cause: the Docker daemon of this machine is not running.\n"
        "  Fix: start Docker, or build in the cloud: build_image(..., builder='cloud')."
    )


def test_a_step_that_fails(b: Bench, docker: Docker) -> None:
    docker.answer("build-fails", "#5 RUN false\n#5 ERROR: process did not complete: exit code: 1\n")
    error = failed(b)
    assert error.reason == "ERROR: process did not complete: exit code: 1"
    assert docker.words("push") == []


def test_docker_that_fails_without_a_word(b: Bench, docker: Docker) -> None:
    docker.answer("build-fails", "")
    assert failed(b).reason == "docker build ended with 1"


def test_who_may_not_push(b: Bench, docker: Docker) -> None:
    docker.answer(
        "push-fails",
        'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource\n',
    )
    error = failed(b)
    assert error.cause == "the caller may not push to the repository vertex-flow."
    assert error.fix == (
        "gcloud artifacts repositories add-iam-policy-binding vertex-flow --location=europe-west4 "
        '--project=acme --member="user:$(gcloud config get account)" '
        "--role=roles/artifactregistry.writer"
    )


def test_interrupted_it_ends(b: Bench, docker: Docker, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "docker"
    program.write_text("#!/bin/sh\necho $$\nexec sleep 600\n")
    said: list[str] = []

    def interrupt(line: str) -> None:
        said.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        b.build(builder="docker", say=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int(said[0]), 0)
