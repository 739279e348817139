"""Commands to paste: what they say, and that a shell takes them as they are."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from vertex_flow import GcpContext
from vertex_flow.gcp.commands import create_bucket, create_repository

BUCKET = create_bucket("acme-data", "acme", "europe-west4")
REPOSITORY = create_repository(GcpContext(project="acme", location="europe-west4"))


def test_a_bucket_is_as_setup_makes_it() -> None:
    assert BUCKET == (
        "gcloud storage buckets create gs://acme-data --project=acme --location=europe-west4 "
        "--uniform-bucket-level-access --public-access-prevention"
    )


def test_a_repository_is_for_docker() -> None:
    assert REPOSITORY == (
        "gcloud artifacts repositories create vertex-flow --repository-format=docker "
        "--location=europe-west4 --project=acme"
    )


@pytest.mark.parametrize("command", [BUCKET, REPOSITORY])
def test_a_shell_takes_them_as_they_are(command: str) -> None:
    assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0
    assert " ".join(shlex.split(command)) == command
