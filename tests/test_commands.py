"""Commands to paste: what they say, and that a shell takes them as they are."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from vertex_flow import commands
from vertex_flow.commands import create_bucket, create_repository, enable, grant, let_act_as

BUCKET = create_bucket("acme-data", "acme", "europe-west4")
REPOSITORY = create_repository("vertex-flow", "acme", "europe-west4")
APIS = enable("acme", "iam.googleapis.com", "storage.googleapis.com")
ROLE = grant("acme", "roles/viewer")
ACT_AS = let_act_as("runs@acme.iam.gserviceaccount.com", "acme")


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


def test_apis_are_enabled_together() -> None:
    assert APIS == (
        "gcloud services enable iam.googleapis.com storage.googleapis.com --project=acme"
    )


def test_a_name_that_somebody_else_has_given_is_one_word() -> None:
    assert enable("acme", "x; true") == "gcloud services enable 'x; true' --project=acme"


def test_a_role_is_given_to_whoever_pastes_the_command() -> None:
    assert ROLE == (
        'gcloud projects add-iam-policy-binding acme --member="user:$(gcloud config get account)" '
        "--role=roles/viewer --condition=None"
    )


def test_an_account_is_acted_as_by_whoever_pastes_the_command() -> None:
    assert ACT_AS == (
        "gcloud iam service-accounts add-iam-policy-binding runs@acme.iam.gserviceaccount.com "
        '--project=acme --member="user:$(gcloud config get account)" '
        "--role=roles/iam.serviceAccountUser"
    )


def test_an_account_is_acted_as_by_whoever_is_named() -> None:
    assert '--member="user:ada@acme.com" ' in let_act_as("a@b", "acme", "user:ada@acme.com")


@pytest.mark.parametrize("command", [BUCKET, REPOSITORY, APIS])
def test_a_shell_takes_them_as_they_are(command: str) -> None:
    assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0
    assert " ".join(shlex.split(command)) == command


@pytest.mark.parametrize(
    "words",
    [
        "gcloud services enable",
        "gcloud projects add-iam-policy-binding",
        "gcloud iam service-accounts add-iam-policy-binding",
        "$(gcloud config get account)",
    ],
)
def test_what_several_say_is_written_once(words: str) -> None:
    sources = Path(commands.__file__).parent.rglob("*.py")
    assert [one.name for one in sources if words in one.read_text("utf-8")] == ["commands.py"]
