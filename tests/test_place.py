"""What a context knows: what is given, what is found, what follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError

CLOUD = GcpContext(project="acme", location="europe-west4")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "CLOUDSDK_CORE_PROJECT",
        "GOOGLE_CLOUD_PROJECT",
        "VERTEX_FLOW_HOME",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
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


def test_a_training_image_of_ones_own() -> None:
    assert GcpContext(project="acme", training_image="mine:1").training_image == "mine:1"


def test_the_project_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-env")
    assert GcpContext().project == "from-env"


def test_the_project_of_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "a/../b")
    with pytest.raises(SettingError) as caught:
        GcpContext().project  # noqa: B018 - it is looked for when it is read
    assert str(caught.value) == (
        "the environment variable GOOGLE_CLOUD_PROJECT says 'a/../b': expected the id of a "
        "project, such as 'acme-prod', or its number."
    )


def test_a_projects_number_is_no_part_of_an_address() -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext(project="123456789012").service_account  # noqa: B018 - it is derived
    assert str(caught.value) == (
        "GcpContext(project='123456789012'): the service account of a project is named by the "
        "project's id, not by its number: gcloud projects describe 123456789012 "
        "--format='value(projectId)'. Or name one: service_account=..."
    )


def test_no_project_anywhere() -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext().project  # noqa: B018 - it is looked for when it is read
    assert str(caught.value) == (
        "no Google Cloud project: pass GcpContext(project=...), set GOOGLE_CLOUD_PROJECT, or run "
        "`gcloud config set project PROJECT` and `gcloud auth application-default login`. "
        "To run on this machine, use GcpContext.local()."
    )


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bucket", "acme-vertex-flow"),
        ("service_account", "vertex-flow@acme.iam.gserviceaccount.com"),
        ("registry", "europe-west4-docker.pkg.dev/acme/vertex-flow"),
        ("serving_image", "europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"),
        ("jobs_root", "gs://acme-vertex-flow/jobs"),
        ("data_root", "gs://acme-vertex-flow/data"),
        ("model_root", "gs://acme-vertex-flow/models"),
        ("logs_root", "gs://acme-vertex-flow/logs"),
    ],
)
def test_what_follows_from_project_and_location(name: str, value: str) -> None:
    assert getattr(CLOUD, name) == value


@pytest.mark.parametrize(
    "name",
    [
        "service_account",
        "training_image",
        "serving_image",
        "pipeline_root",
        "jobs_root",
        "data_root",
        "model_root",
        "logs_root",
    ],
)
def test_what_is_given_wins(name: str) -> None:
    context = GcpContext(project="acme", **{name: "mine@acme.com"})  # type: ignore[arg-type]
    assert getattr(context, name) == "mine@acme.com"


def test_no_service_account_is_the_projects_default() -> None:
    assert GcpContext(project="acme", service_account="").service_account == ""


def test_a_project_of_a_domain() -> None:
    context = GcpContext(project="example.com:acme")
    assert (context.bucket, context.registry, context.service_account) == (
        "example-com-acme-vertex-flow",
        "us-central1-docker.pkg.dev/example.com/acme/vertex-flow",
        "vertex-flow@acme.example.com.iam.gserviceaccount.com",
    )


def test_a_changed_context_derives_anew() -> None:
    assert attrs.evolve(CLOUD, project="other").bucket == "other-vertex-flow"


def test_an_endpoint_elsewhere() -> None:
    context = GcpContext(project="acme", api_endpoints={"aiplatform": "http://127.0.0.1:1"})
    assert context.endpoint == "http://127.0.0.1:1"


def test_an_endpoint_as_gcloud_is_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM", "http://127.0.0.1:2/")
    assert CLOUD.endpoint == "http://127.0.0.1:2"
    context = GcpContext(project="acme", api_endpoints={"aiplatform": "http://127.0.0.1:1"})
    assert context.endpoint == "http://127.0.0.1:1"


def test_an_endpoint_may_end_with_a_slash() -> None:
    context = GcpContext(project="acme", api_endpoints={"aiplatform": "http://127.0.0.1:1/"})
    assert context.endpoint == "http://127.0.0.1:1"


def test_services_that_only_gcloud_asks_may_be_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", "http://compute.example")
    assert CLOUD.endpoints == {}


def test_an_endpoint_of_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "http://storage.example")
    with pytest.raises(SettingError, match="expected a URL that starts with https://"):
        CLOUD.endpoints  # noqa: B018 - it is checked when it is read


def test_a_service_that_nobody_asks() -> None:
    with pytest.raises(SettingError, match="Did you mean 'storage'"):
        GcpContext(api_endpoints={"storge": "http://127.0.0.1:1"})


def test_credentials_are_not_sent_in_the_clear() -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext(api_endpoints={"storage": "http://storage.example"})
    assert str(caught.value) == (
        "GcpContext(api_endpoints={'storage': 'http://storage.example'}): expected a URL that "
        "starts with https://, or with http://127.0.0.1: for a server on this machine."
    )


def test_credentials_are_not_in_the_repr() -> None:
    assert "hush" not in repr(GcpContext(project="acme", credentials="hush"))


def test_labels_are_checked() -> None:
    with pytest.raises(SettingError, match=r"^GcpContext\(labels={'Team': 'x'}\): keys and values"):
        GcpContext(labels={"Team": "x"})


@pytest.mark.parametrize("labels", ["team", ["team"], None])
def test_labels_have_names(labels: Any) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext(labels=labels)
    assert str(caught.value) == (
        f"GcpContext(labels={labels!r}): expected labels by name, for example {{'team': 'vision'}}."
    )


def test_every_value_is_explained() -> None:
    lines = GcpContext(project="acme", bucket="mine", training_image="img").explain().splitlines()
    rows = [line.split(maxsplit=2) for line in lines]
    assert rows[:6] == [
        ["project", "acme", "the argument"],
        ["location", "us-central1", "the default"],
        ["bucket", "mine", "the argument"],
        ["repository", "vertex-flow", "the default"],
        ["training_image", "img", "the argument"],
        ["service_account", "vertex-flow@acme.iam.gserviceaccount.com", "derived"],
    ]


def test_a_project_of_the_environment_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-env")
    first = GcpContext().explain().splitlines()[0]
    assert first.split(maxsplit=2) == [
        "project",
        "from-env",
        "the environment variable GOOGLE_CLOUD_PROJECT",
    ]


def test_a_project_that_is_not_found_is_explained() -> None:
    first = GcpContext().explain().splitlines()[0]
    assert first.split(maxsplit=1)[0] == "project"
    assert "no Google Cloud project: pass GcpContext(project=...)" in first


def test_no_training_image_is_named() -> None:
    assert CLOUD.named_training_image is None


ADDRESS = (
    "an e-mail address, such as 'NAME@PROJECT.iam.gserviceaccount.com', or the empty text for the "
    "project's default account"
)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"project": "a/b"}, "the id of a project, such as 'acme-prod', or its number"),
        ({"project": "Acme"}, "the id of a project, such as 'acme-prod', or its number"),
        (
            {"bucket": "b?x=1"},
            "the name of a bucket: lower-case letters, digits, '-', '_' and '.'",
        ),
        ({"bucket": 5}, "the name of a bucket: lower-case letters, digits, '-', '_' and '.'"),
        ({"service_account": "robot"}, ADDRESS),
        ({"service_account": "a/b@c"}, ADDRESS),
        ({"service_account": 5}, ADDRESS),
        (
            {"repository": "a/b"},
            "up to 63 lower-case letters, digits and hyphens, a letter first, no hyphen last",
        ),
    ],
    ids=str,
)
def test_names_that_no_url_may_hold(settings: dict[str, Any], words: str) -> None:
    [(name, value)] = settings.items()
    with pytest.raises(SettingError) as caught:
        GcpContext(**settings)
    assert str(caught.value) == f"GcpContext({name}={value!r}): expected {words}."


@pytest.mark.parametrize(
    "settings",
    [
        {"project": "example.com:acme"},
        {"project": "123456789012"},
        {"bucket": "gs://acme.example.com"},
        {"service_account": ""},
        {"service_account": "123456789012-compute@developer.gserviceaccount.com"},
        {"service_account": "vertex@acme.example.com.iam.gserviceaccount.com"},
    ],
    ids=str,
)
def test_names_that_are_fine(settings: dict[str, Any]) -> None:
    [(name, value)] = settings.items()
    assert getattr(GcpContext(**settings), name) == value.removeprefix("gs://")
