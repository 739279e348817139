"""The registry and endpoints through `google.cloud.aiplatform`: versions, copies, traffic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest
from google.api_core import exceptions
from google.cloud import aiplatform
from sklearn.dummy import DummyClassifier

from tests.official.conftest import Official

IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
ECHO = """
import json, os, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = os.environ["NAME"]
        said = [[name, instance, asked.get("parameters")] for instance in asked["instances"]]
        self.answer({"predictions": said})

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(os.environ["AIP_HTTP_PORT"])), Echo).serve_forever()
"""


@pytest.fixture(scope="module")
def folder(sdk: Official) -> str:
    """A scikit-learn model in the bucket that says `lily`."""
    uri = f"{sdk.bucket}/lilies"
    sdk.path(uri).mkdir(parents=True)
    model = DummyClassifier(strategy="most_frequent").fit([[0], [1]], ["lily", "lily"])
    joblib.dump(model, sdk.path(uri) / "model.joblib")
    return uri


@pytest.fixture(scope="module")
def lilies(folder: str) -> aiplatform.Model:
    """A model with the versions 1 and 2."""
    first = aiplatform.Model.upload(
        display_name="lilies",
        artifact_uri=folder,
        serving_container_image_uri=IMAGE,
        labels={"team": "garden"},
    )
    aiplatform.Model.upload(
        display_name="lilies",
        artifact_uri=folder,
        serving_container_image_uri=IMAGE,
        parent_model=first.resource_name,
        is_default_version=False,
        version_aliases=["candidate"],
        version_description="second",
    )
    return first


def echo(tmp_path: Path, name: str) -> aiplatform.Model:
    """A model with a server of its own, which says its name."""
    script = tmp_path / "echo.py"
    script.write_text(ECHO)
    return aiplatform.Model.upload(
        display_name=name,
        serving_container_image_uri="europe-docker.pkg.dev/acme/serving/echo:1",
        serving_container_command=["python", str(script)],
        serving_container_environment_variables={"NAME": name},
        serving_container_predict_route="/ask",
        serving_container_health_route="/up",
    )


@pytest.fixture
def endpoint() -> Iterator[aiplatform.Endpoint]:
    endpoint = aiplatform.Endpoint.create(display_name="garden")
    yield endpoint
    endpoint.delete(force=True)


def test_versions_are_listed(lilies: aiplatform.Model) -> None:
    found = {each.version_id: each for each in lilies.versioning_registry.list_versions()}

    assert {key: each.version_aliases for key, each in found.items()} == {
        "1": ["default"],
        "2": ["candidate"],
    }


def test_a_version_is_got_by_its_alias(lilies: aiplatform.Model) -> None:
    found = lilies.versioning_registry.get_model("candidate")

    assert (found.version_id, found.version_description) == ("2", "second")


def test_aliases_come_and_go(lilies: aiplatform.Model) -> None:
    registry = lilies.versioning_registry
    registry.add_version_aliases(["golden"], "2")
    added = registry.get_version_info("golden").version_aliases
    registry.remove_version_aliases(["golden"], "2")

    assert sorted(added) == ["candidate", "golden"]
    assert registry.get_version_info("2").version_aliases == ["candidate"]


def test_a_version_gets_another_description(lilies: aiplatform.Model) -> None:
    registry = lilies.versioning_registry
    registry.update_version("2", version_description="better", labels={"a": "b"})

    assert registry.get_version_info("2").version_description == "better"


def test_the_default_moves_and_the_old_version_is_deleted(folder: str) -> None:
    upload = {"artifact_uri": folder, "serving_container_image_uri": IMAGE}
    model = aiplatform.Model.upload(display_name="tulips", **upload)
    newer = aiplatform.Model.upload(parent_model=model.resource_name, **upload)
    newer.versioning_registry.delete_version("1")

    assert newer.version_id == "2"
    assert [each.version_id for each in newer.versioning_registry.list_versions()] == ["2"]


def test_the_default_version_is_not_deleted(lilies: aiplatform.Model) -> None:
    with pytest.raises(exceptions.BadRequest, match="is the default version of the Model"):
        lilies.versioning_registry.delete_version("default")


@pytest.mark.parametrize("wanted", ["labels.team=garden", 'display_name="lilies"'])
def test_models_are_filtered(lilies: aiplatform.Model, wanted: str) -> None:
    found = aiplatform.Model.list(filter=wanted, order_by="create_time")

    assert [each.resource_name for each in found] == [lilies.resource_name]


def test_a_model_is_updated(folder: str) -> None:
    model = aiplatform.Model.upload(
        display_name="old", artifact_uri=folder, serving_container_image_uri=IMAGE
    )
    model.update(display_name="new", description="changed", labels={"a": "b"})

    found = aiplatform.Model(model.resource_name)
    assert (found.display_name, found.description, found.labels) == ("new", "changed", {"a": "b"})


def test_a_model_is_copied_to_another_location(lilies: aiplatform.Model) -> None:
    copied = lilies.copy(destination_location="europe-west4", destination_model_id="lilies")

    assert copied.resource_name.endswith("/locations/europe-west4/models/lilies")
    assert copied.uri == lilies.uri


def test_a_model_is_exported(lilies: aiplatform.Model, sdk: Official) -> None:
    info = lilies.export_model("custom-trained", artifact_destination=f"{sdk.bucket}/exports")

    uri = info["artifactOutputUri"]
    assert uri.startswith(f"{sdk.bucket}/exports/model-{lilies.name}/custom-trained/")
    assert (sdk.path(uri) / "model.joblib").is_file()


def test_traffic_is_split_and_moved(endpoint: aiplatform.Endpoint, tmp_path: Path) -> None:
    for name, share in (("rose", 100), ("lily", 50)):
        model = echo(tmp_path, name)
        endpoint.deploy(model, machine_type="n1-standard-2", traffic_percentage=share)
    rose, lily = (each.id for each in endpoint.list_models())
    before = dict(endpoint.traffic_split)
    endpoint.update(traffic_split={lily: 100})
    said = endpoint.predict(instances=[1], parameters={"top": 2})

    assert before == {rose: 50, lily: 50}
    assert (said.predictions, said.deployed_model_id) == ([["lily", 1.0, {"top": 2.0}]], lily)
    assert said.model_version_id == "1"


def test_a_model_in_use_is_kept(endpoint: aiplatform.Endpoint, tmp_path: Path) -> None:
    model = echo(tmp_path, "rose")
    endpoint.deploy(model, machine_type="n1-standard-2", min_replica_count=2, max_replica_count=3)
    with pytest.raises(exceptions.BadRequest, match="is deployed or being deployed at"):
        model.delete()
    with pytest.raises(exceptions.BadRequest, match="has deployed or being-deployed"):
        endpoint.delete()
    endpoint.undeploy_all()
    model.delete()

    assert endpoint.list_models() == []


def test_an_endpoint_is_found_by_its_id_and_its_labels(sdk: Official) -> None:
    made = aiplatform.Endpoint.create(
        display_name="own", endpoint_id="own-id", labels={"team": "garden"}
    )
    found = aiplatform.Endpoint.list(filter="labels.team=garden")
    made.update(display_name="other", description="changed")

    assert [each.name for each in found] == ["own-id"]
    assert aiplatform.Endpoint("own-id").display_name == "other"
    made.delete()


def test_explanations_are_refused(endpoint: aiplatform.Endpoint, tmp_path: Path) -> None:
    with pytest.raises(exceptions.BadRequest, match="explanation_spec"):
        endpoint.deploy(
            echo(tmp_path, "rose"),
            machine_type="n1-standard-2",
            explanation_parameters=aiplatform.explain.ExplanationParameters(
                {"sampled_shapley_attribution": {"path_count": 10}}
            ),
            explanation_metadata=aiplatform.explain.ExplanationMetadata(
                inputs={"a": {}}, outputs={"b": {}}
            ),
        )


def test_evaluations_are_listed(lilies: aiplatform.Model) -> None:
    client = lilies.api_client
    client.select_version("v1").import_model_evaluation(
        parent=lilies.resource_name,
        model_evaluation={
            "metrics_schema_uri": "gs://google-cloud-aiplatform/schema/modelevaluation/"
            "classification_metrics_1.0.0.yaml",
            "metrics": {"auPrc": 0.9},
        },
    )

    [found] = lilies.list_model_evaluations()
    assert found.metrics["auPrc"] == 0.9
    assert lilies.get_model_evaluation().resource_name == found.resource_name
