"""Where a flow runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError

CLOUD = GcpContext(project="acme", location="europe-west4")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "VERTEX_FLOW_HOME", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # google.auth asks no metadata server
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("US", ""),
        ("us-central", " Did you mean 'us-central1'?"),
        ("", ""),
        ("global", ""),
        ("us-central1-a", " Did you mean 'us-central1'?"),
        ("europe-wset4", " Did you mean 'europe-west4'?"),
    ],
)
def test_a_location_is_a_region(location: str, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext(location=location)
    assert str(caught.value) == (
        f"GcpContext(location={location!r}): Vertex AI is in no such region; expected one such "
        f"as 'us-central1' or 'europe-west4'.{hint}"
    )


@pytest.mark.parametrize("port", [-1, 65536, "8080"])
def test_a_port_is_a_number_that_ports_have(port: Any) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext.local(port=port)
    assert str(caught.value) == (
        f"GcpContext(port={port!r}): expected 0, for any free port, or a number up to 65535."
    )


def test_the_location_by_default() -> None:
    assert GcpContext().location == "us-central1"


@pytest.mark.parametrize("bucket", ["mine", "gs://mine", "gs://mine/"])
def test_a_bucket_is_given_with_or_without_its_scheme(bucket: str) -> None:
    assert GcpContext(bucket=bucket).bucket == "mine"


def test_the_endpoint_in_the_cloud() -> None:
    assert CLOUD.endpoint == "https://europe-west4-aiplatform.googleapis.com"


def test_the_parent_of_every_resource() -> None:
    assert CLOUD.parent == "projects/acme/locations/europe-west4"


def test_the_pipeline_root_in_the_cloud() -> None:
    assert CLOUD.pipeline_root == "gs://acme-vertex-flow/pipelines"


def test_the_pipeline_root_in_a_bucket_of_ones_own() -> None:
    assert GcpContext(project="acme", bucket="b").pipeline_root == "gs://b/pipelines"


def test_the_training_image_by_default() -> None:
    assert CLOUD.training_image == ("europe-west4-docker.pkg.dev/acme/vertex-flow/trainer:latest")


def test_no_training_image_is_named() -> None:
    assert CLOUD.named_training_image is None


def test_a_training_image_of_ones_own() -> None:
    assert GcpContext(project="acme", training_image="mine:1").training_image == "mine:1"


def test_the_project_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-env")
    assert GcpContext().project == "from-env"


def test_no_project_anywhere() -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext().project  # noqa: B018 - it is looked for when it is read
    assert str(caught.value) == (
        "no Google Cloud project: pass GcpContext(project=...), set GOOGLE_CLOUD_PROJECT, or run "
        "`gcloud config set project PROJECT` and `gcloud auth application-default login`. "
        "To run on this machine, use GcpContext.local()."
    )


def test_local_is_in_the_working_directory(tmp_path: Path) -> None:
    assert GcpContext.local().home == tmp_path / ".vertex_flow"


def test_local_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VERTEX_FLOW_HOME", str(tmp_path / "there"))
    assert GcpContext.local().home == tmp_path / "there"


def test_local_is_where_the_caller_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VERTEX_FLOW_HOME", str(tmp_path / "there"))
    assert GcpContext.local("here").home == tmp_path / "here"


def test_local_needs_no_project() -> None:
    assert GcpContext.local().parent == "projects/local/locations/us-central1"


def test_a_context_with_a_home_is_local_without_asking_for_credentials(tmp_path: Path) -> None:
    assert GcpContext(home=tmp_path).project == "local"


def test_the_local_endpoint_is_on_the_loopback_interface() -> None:
    assert GcpContext.local(port=8123).endpoint == "http://127.0.0.1:8123"


def test_the_local_pipeline_root_is_an_absolute_path(tmp_path: Path) -> None:
    assert GcpContext.local().pipeline_root == (f"{tmp_path}/.vertex_flow/storage/local/pipelines")


def test_a_bucket_is_no_folder() -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext(project="acme", bucket="gs://acme-ml/data")
    assert str(caught.value) == (
        "GcpContext(bucket='gs://acme-ml/data'): expected a bucket, not a folder in it: "
        "bucket='acme-ml'."
    )
