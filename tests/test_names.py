"""Names of resources, stages and parameters."""

from __future__ import annotations

import pytest

from vertex_flow.errors import SettingError
from vertex_flow.names import Resource, check_stage_name, job_collection, join_uri, stage_name

MODEL = "projects/acme/locations/europe-west4/models/123"


def test_a_resource_name_is_split() -> None:
    parsed = Resource.parse(f"{MODEL}@7")
    assert parsed == Resource("acme", "europe-west4", "models", "123", "7")


def test_a_url_before_the_name_is_dropped() -> None:
    url = f"https://europe-west4-aiplatform.googleapis.com/v1/{MODEL}"
    assert str(Resource.parse(url)) == MODEL


def test_a_name_is_put_together_again() -> None:
    assert str(Resource.parse(f"{MODEL}@default")) == f"{MODEL}@default"


def test_a_resource_knows_its_location() -> None:
    assert Resource.parse(MODEL).parent == "projects/acme/locations/europe-west4"


@pytest.mark.parametrize("name", ["", "models/1", MODEL + "/more", MODEL + "@"])
def test_anything_else_is_no_resource_name(name: str) -> None:
    with pytest.raises(SettingError) as caught:
        Resource.parse(name)
    assert str(caught.value) == (
        f"{name!r} is not a resource name: expected "
        "projects/PROJECT/locations/LOCATION/COLLECTION/ID."
    )


@pytest.mark.parametrize(
    ("root", "expected"), [("gs://b", "gs://b/x/y"), ("gs://b/", "gs://b/x/y"), ("/a", "/a/x/y")]
)
def test_uris_are_joined_with_one_slash(root: str, expected: str) -> None:
    assert join_uri(root, "/x/", "y") == expected


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        ("HyperTune", "hyper-tune"),
        ("HTTPSend", "http-send"),
        ("My_Stage2", "my-stage2"),
        ("_Private", "private"),
    ],
)
def test_a_stage_is_named_after_its_class(cls: str, expected: str) -> None:
    assert stage_name(cls) == expected


@pytest.mark.parametrize("name", ["a", "hyper-tune", "x" * 63])
def test_valid_stage_names(name: str) -> None:
    check_stage_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "1a", "A", "a_b", "x" * 64])
def test_invalid_stage_names(name: str) -> None:
    with pytest.raises(SettingError, match="is not a valid name: use up to 63 lower-case letters"):
        check_stage_name(name)


@pytest.mark.parametrize(
    ("task", "collection"),
    [
        ("custom-training-job", "customJobs"),
        ("hyperparameter-tuning-job", "hyperparameterTuningJobs"),
        ("hyperparameter-tuning-job-2", "hyperparameterTuningJobs"),
        ("hyperparameter-tuning-job-x", ""),
        ("get-hyperparameter-tuning-job-results", ""),
    ],
)
def test_the_jobs_that_a_task_starts(task: str, collection: str) -> None:
    assert job_collection(task) == collection
