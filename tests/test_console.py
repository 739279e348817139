"""Links to Google Cloud's console."""

from __future__ import annotations

import pytest

from vertex_flow.console import logs_url, quotas_url, resource_url, tensorboard_url

PARENT = "projects/123/locations/europe-west4"
ROOT = "https://console.cloud.google.com/vertex-ai/locations/europe-west4"


@pytest.mark.parametrize(
    ("collection", "page"),
    [
        ("pipelineJobs", "pipelines/runs/7"),
        ("customJobs", "training/7"),
        ("hyperparameterTuningJobs", "training/7"),
        ("models", "models/7"),
        ("endpoints", "endpoints/7"),
    ],
)
def test_the_page_of_a_resource(collection: str, page: str) -> None:
    assert resource_url(f"{PARENT}/{collection}/7", "acme") == f"{ROOT}/{page}?project=acme"


def test_without_an_id_the_projects_number_does() -> None:
    assert resource_url(f"{PARENT}/models/7") == f"{ROOT}/models/7?project=123"


def test_a_resource_without_a_page() -> None:
    assert resource_url(f"{PARENT}/batches/7") is None


def test_a_query_is_quoted() -> None:
    assert logs_url('a="b c"', "example.com:acme") == (
        "https://console.cloud.google.com/logs/query;query=a%3D%22b%20c%22"
        "?project=example.com%3Aacme"
    )


def test_the_quotas_of_a_project() -> None:
    assert quotas_url("acme") == "https://console.cloud.google.com/iam-admin/quotas?project=acme"


def test_an_experiment_of_a_tensorboard_instance() -> None:
    assert tensorboard_url(f"{PARENT}/tensorboards/5", "7") == (
        "https://europe-west4.tensorboard.googleusercontent.com/experiment/"
        "projects+123+locations+europe-west4+tensorboards+5+experiments+7"
    )
