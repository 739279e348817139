"""What the log of a build means."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow import GcpContext, Trainer
from vertex_flow.gcp.images.build_context import collect
from vertex_flow.gcp.images.failures import ImageBuild, failure

PLACE = GcpContext(project="acme", location="europe-west4")
CREATE = (
    "gcloud artifacts repositories create vertex-flow --repository-format=docker "
    "--location=europe-west4 --project=acme"
)
BASE = "correct FROM in Dockerfile, or Trainer(..., base_image=...)."
PIP = "correct the requirements, or take another base image."
CLOUD = "build in the cloud: build_image(..., builder='cloud')."


@pytest.fixture
def build(tmp_path: Path) -> ImageBuild:
    (tmp_path / "task.py").write_text("")
    (tmp_path / "Dockerfile").write_text("FROM base\n")
    return ImageBuild(PLACE, collect(Trainer(module="task", source=str(tmp_path))))


@pytest.mark.parametrize(
    ("line", "cause", "fix"),
    [
        (
            'name unknown: Repository "vertex-flow" not found',
            "there is no repository vertex-flow in europe-west4 of project acme.",
            CREATE,
        ),
        (
            "toomanyrequests: You have reached your pull rate limit.",
            "Docker Hub limits how often images are fetched from it.",
            "try again later, or take the base image from Google's mirror: Trainer(..., "
            "base_image='mirror.gcr.io/...').",
        ),
        (
            "pull access denied for acme/base, repository does not exist",
            "the base image acme/base is not there, or the builder may not read it.",
            BASE,
        ),
        (
            "manifest for tensorflow/tensorflow:2.99 not found: manifest unknown",
            "the base image tensorflow/tensorflow:2.99 is not there, or the builder may not read "
            "it.",
            BASE,
        ),
        (
            "ERROR: failed to solve: tensorflow/tensorflow:2.99: failed to resolve source "
            "metadata for docker.io/tensorflow/tensorflow:2.99: not found",
            "the base image tensorflow/tensorflow:2.99 is not there, or the builder may not read "
            "it.",
            BASE,
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement numpyy (from x)",
            "for the Python of the base image pip finds no numpyy.",
            PIP,
        ),
        ("ERROR: ResolutionImpossible: see", "the requirements contradict each other.", PIP),
        (
            "COPY failed: file not found in build context or excluded by .dockerignore",
            "Dockerfile copies what was not sent: it is not in FOLDER, or left out there.",
            "correct the line, or .dockerignore.",
        ),
        (
            'failed to compute cache key: "/x" not found',
            "Dockerfile copies what was not sent: it is not in FOLDER, or left out there.",
            "correct the line, or .dockerignore.",
        ),
        (
            "write /layer: no space left on device",
            "the image is too large for the disk of the builder.",
            "make it smaller, with a smaller base image or fewer files.",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///x",
            "you may not use the Docker daemon of this machine.",
            f'sudo usermod -aG docker "$USER", and log in again; or {CLOUD}',
        ),
        (
            "failed to connect to the docker API at unix:///var/run/docker.sock",
            "the Docker daemon of this machine is not running.",
            f"start Docker, or {CLOUD}",
        ),
    ],
)
def test_what_a_line_means(build: ImageBuild, line: str, cause: str, fix: str) -> None:
    error = failure(build, ["ERROR: before it", line, "after it"])
    folder = str(build.context.folder)
    assert (error.reason, error.cause, error.fix) == (line, cause.replace("FOLDER", folder), fix)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["Fetching libgpg-error0", "error: first", "ERROR second"], "error: first"),
        (["0 errors", "all failed", "the last"], "the last"),
        (["RUN x", "ERROR"], "ERROR"),
        (['Step #0 - "build": #12 3.456 fatal: no repository'], "fatal: no repository"),
        (["Step #0: error: x"], "error: x"),
        (["\x1b[31mERROR: red"], r"\x1b[31mERROR: red"),
        ([], "the log is empty"),
    ],
)
def test_the_first_error(build: ImageBuild, lines: list[str], reason: str) -> None:
    assert failure(build, lines).reason == reason


def test_that_sources_go_to_the_daemon_is_no_error(build: ImageBuild) -> None:
    lines = ["Sending build context to Docker daemon  2.048kB", "exit status: failed: 1"]
    assert (failure(build, lines).reason, failure(build, lines).cause) == (lines[1], "")


def test_what_is_not_known_has_no_cause(build: ImageBuild) -> None:
    assert str(failure(build, ["ERROR: odd"])) == f"{build.uri} was not built: ERROR: odd"


def test_braces_in_a_log_are_text(build: ImageBuild) -> None:
    line = 'Repository "{who}{0}" not found'
    cause = "there is no repository {who}{0} in europe-west4 of project acme."
    assert failure(build, [line]).cause == cause


def test_the_uri_has_the_tag_of_the_sources(build: ImageBuild) -> None:
    registry = "europe-west4-docker.pkg.dev/acme/vertex-flow"
    assert build.uri == f"{registry}/trainer:{build.context.tag}"
