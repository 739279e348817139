"""Google's own launchers against the engine, beside what the engine makes of the same tasks.

No future annotations: KFP reads the real ones.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import joblib
import pytest
from google.protobuf import json_format
from google_cloud_pipeline_components.types.artifact_types import (
    UnmanagedContainerModel,
    VertexEndpoint,
    VertexModel,
)
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.endpoint import (
    EndpointCreateOp,
    EndpointDeleteOp,
    ModelDeployOp,
    ModelUndeployOp,
)
from google_cloud_pipeline_components.v1.hyperparameter_tuning_job import (
    HyperparameterTuningJobRunOp,
    serialize_metrics,
    serialize_parameters,
)
from google_cloud_pipeline_components.v1.model import ModelDeleteOp, ModelGetOp, ModelUploadOp
from kfp import dsl
from sklearn.dummy import DummyClassifier

from tests.gcpc import reference
from tests.gcpc.reference import Ran
from vertex_flow.engine.embedded import EmbeddedEngine

PARENT = "projects/local/locations/us-central1"
WHERE = {"project": "local", "location": "us-central1"}
HOST = "https://us-central1-aiplatform.googleapis.com/v1/"
SKLEARN = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
RUN = "vertex-ai-pipelines-run-billing-id"
# What differs from one resource to the next of its kind.
_OWN = re.compile(r"\d{15,}|\d{4}-\d\d-\d\dT[\d:.]+Z")
_FLEETING = (
    "etag",
    "versionAliases",
    "versionId",
    "startTime",
    "endTime",
    "Duration",
    "pipelineJob",
)


class Pair:
    """Does one thing twice: as a task of a pipeline, and with Google's launcher."""

    def __init__(self, engine: EmbeddedEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        token = {"authorization": f"Bearer {engine.token}"}
        self.http = httpx.Client(base_url=f"{engine.endpoint}/v1/", headers=token, timeout=120)
        self._count = 0

    def own(self, op: Any, **arguments: Any) -> Ran:
        """Run a component as the engine does."""
        self._count += 1
        body = {
            "pipelineSpec": json_format.MessageToDict(_pipeline(op, arguments).pipeline_spec),
            "runtimeConfig": {"gcsOutputDirectory": str(self.folder / "root")},
        }
        created = self._answer(self.http.post(f"{PARENT}/pipelineJobs", json=body))
        job = self._over(created["name"])
        tasks = {one["taskName"]: one for one in job["jobDetail"]["taskDetails"]}
        task = tasks[next(name for name in tasks if not name.startswith(("importer", job["name"])))]
        metadata = task.get("execution", {}).get("metadata", {})
        made = metadata.get("output:gcp_resources")
        resource = json.loads(made)["resources"][0]["resourceUri"] if made else ""
        artifacts = {
            name: {"uri": one["artifacts"][0]["uri"], "metadata": one["artifacts"][0]["metadata"]}
            for name, one in task.get("outputs", {}).items()
        }
        text = task.get("error", {}).get("message", "")
        return Ran(task["state"] != "SUCCEEDED", text, resource.removeprefix(HOST), artifacts)

    def googles(self, op: Any, **arguments: Any) -> Ran:
        """Run a component as its container does."""
        self._count += 1
        folder = self.folder / f"launcher-{self._count}"
        return reference.run(op, arguments, engine=self.engine, folder=folder, labels={RUN: "1"})

    def get(self, name: str) -> dict[str, Any]:
        """Read a resource."""
        return self._answer(self.http.get(name))

    def trials(self, name: str) -> list[Any]:
        """Give the parameters that a tuning job has tried."""
        return [trial["parameters"] for trial in self.get(name)["trials"]]

    def _over(self, name: str) -> dict[str, Any]:
        while True:  # the time limit of tests ends the wait
            job = self.get(name)
            if job["state"].endswith(("SUCCEEDED", "FAILED", "CANCELLED")):
                return job

    def _answer(self, response: httpx.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def _pipeline(op: Any, arguments: dict[str, Any]) -> Any:
    """Make a pipeline of one component; artifacts are imported first."""

    @dsl.pipeline(name="one")
    def one():
        given = {
            name: _imported(value) if isinstance(value, dsl.Artifact) else value
            for name, value in arguments.items()
        }
        op(**given).set_caching_options(False)

    return one


def _imported(artifact: Any) -> Any:
    importer = dsl.importer(
        artifact_uri=artifact.uri, artifact_class=type(artifact), metadata=artifact.metadata
    )
    importer.set_caching_options(False)
    return importer.output


@pytest.fixture(scope="module")
def pair(engine: EmbeddedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    pair = Pair(engine, tmp_path_factory.mktemp("pair"))
    yield pair
    pair.http.close()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine.start(tmp_path_factory.mktemp("engine") / "home") as engine:
        yield engine


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    joblib.dump(
        DummyClassifier(strategy="constant", constant=1).fit([[0]], [1]), folder / "model.joblib"
    )
    return folder


def _same(value: Any) -> Any:
    """Leave out what two resources can never share: ids, times, the run that made them."""
    if isinstance(value, dict):
        return {
            key: "run" if key == RUN else _same(one)
            for key, one in value.items()
            if not key.endswith(_FLEETING)
        }
    if isinstance(value, list):
        return [_same(one) for one in value]
    return _OWN.sub("#", value) if isinstance(value, str) else value


def _pools(source: str) -> list[dict[str, Any]]:
    container = {"image_uri": "trainer", "command": ["python", "-c", source], "args": []}
    return [
        {
            "machine_spec": {"machine_type": "n1-standard-4"},
            "replica_count": 1,
            "container_spec": container,
        }
    ]


def _vertex(kind: Any, name: str) -> Any:
    return kind(name="it", uri=f"{HOST}{name}", metadata={"resourceName": name})


def test_a_custom_job(pair: Pair) -> None:
    wanted = {
        "display_name": "train",
        "worker_pool_specs": _pools("print('x')"),
        "timeout": "600s",
        "labels": {"team": "a"},
        **WHERE,
    }
    own, googles = (
        pair.own(CustomTrainingJobOp, **wanted),
        pair.googles(CustomTrainingJobOp, **wanted),
    )

    assert (own.code, googles.code) == (0, 0), googles.log
    found = pair.get(own.resource)
    assert found["state"] == "JOB_STATE_SUCCEEDED"
    assert _same(found) == _same(pair.get(googles.resource))


def test_a_custom_job_that_fails(pair: Pair) -> None:
    wanted = {"display_name": "train", "worker_pool_specs": _pools("raise SystemExit(7)"), **WHERE}
    own, googles = (
        pair.own(CustomTrainingJobOp, **wanted),
        pair.googles(CustomTrainingJobOp, **wanted),
    )

    assert (own.code, googles.code) == (1, 1)
    message = pair.get(googles.resource)["error"]["message"]
    assert message.partition(":")[0] in own.log
    assert "Job failed" in googles.log
    assert _same(pair.get(own.resource)) == _same(pair.get(googles.resource))


def test_a_custom_job_that_is_refused(pair: Pair) -> None:
    wanted = {"display_name": "train", "worker_pool_specs": [], **WHERE}
    own, googles = (
        pair.own(CustomTrainingJobOp, **wanted),
        pair.googles(CustomTrainingJobOp, **wanted),
    )

    assert (own.code, googles.code) == (1, 1)
    reason = own.log.partition("INVALID_ARGUMENT: ")[2].partition("\n")[0].split(".")[0]
    assert reason
    assert reason in googles.log


def test_a_tuning_job(pair: Pair) -> None:
    from google.cloud.aiplatform import hyperparameter_tuning as hpt

    source = (
        "import sys, hypertune; x = float(sys.argv[1].partition('=')[2]); "
        "hypertune.HyperTune().report_hyperparameter_tuning_metric('loss', x, 1)"
    )
    wanted = {
        "display_name": "tune",
        "base_output_directory": str(pair.folder / "tune"),
        "worker_pool_specs": _pools(source),
        "study_spec_metrics": serialize_metrics({"loss": "minimize"}),
        "study_spec_parameters": serialize_parameters(
            {"x": hpt.DiscreteParameterSpec([1, 2], "linear")}
        ),
        "max_trial_count": 2,
        "parallel_trial_count": 1,
        "study_spec_algorithm": "GRID_SEARCH",
        **WHERE,
    }
    own = pair.own(HyperparameterTuningJobRunOp, **wanted)
    googles = pair.googles(HyperparameterTuningJobRunOp, **wanted)

    assert (own.code, googles.code) == (0, 0), googles.log
    found = pair.get(own.resource)
    assert found["state"] == "JOB_STATE_SUCCEEDED"
    assert pair.trials(own.resource) == pair.trials(googles.resource)
    assert _same(found) == _same(pair.get(googles.resource))


def _uploaded(pair: Pair, folder: Path, run: Any, **more: Any) -> Ran:
    model = UnmanagedContainerModel(
        name="model", uri=str(folder), metadata={"containerSpec": {"imageUri": SKLEARN}}
    )
    ran = run(
        ModelUploadOp,
        display_name="digits",
        unmanaged_container_model=model,
        description="from a test",
        **WHERE,
        **more,
    )
    assert ran.code == 0, ran.log
    return ran


def _name(ran: Ran, artifact: str = "model") -> str:
    name: str = ran.artifacts[artifact]["metadata"]["resourceName"]
    return name


def test_a_model(pair: Pair, model_folder: Path) -> None:
    own = _uploaded(pair, model_folder, pair.own)
    googles = _uploaded(pair, model_folder, pair.googles)

    assert _same(dict(own.artifacts)) == _same(dict(googles.artifacts))
    assert _same(pair.get(_name(own))) == _same(pair.get(_name(googles)))


def test_a_version_of_a_model(pair: Pair, model_folder: Path) -> None:
    first = _name(_uploaded(pair, model_folder, pair.own))
    parent = _vertex(VertexModel, first)

    own = _uploaded(pair, model_folder, pair.own, parent_model=parent)
    googles = _uploaded(pair, model_folder, pair.googles, parent_model=parent)

    plain = first.partition("@")[0]
    assert (_name(own), _name(googles)) == (f"{plain}@2", f"{plain}@3")


def test_a_model_that_is_looked_up(pair: Pair, model_folder: Path) -> None:
    name = _name(_uploaded(pair, model_folder, pair.own))
    wanted = {"model_name": name.rpartition("/")[2].partition("@")[0], **WHERE}
    own, googles = pair.own(ModelGetOp, **wanted), pair.googles(ModelGetOp, **wanted)

    assert (own.code, googles.code) == (0, 0), googles.log
    assert dict(own.artifacts) == dict(googles.artifacts)


def _endpoint(pair: Pair, run: Any) -> Ran:
    ran = run(EndpointCreateOp, display_name="digits", labels={"team": "a"}, **WHERE)
    assert ran.code == 0, ran.log
    return ran


def test_an_endpoint(pair: Pair) -> None:
    own, googles = _endpoint(pair, pair.own), _endpoint(pair, pair.googles)

    assert _same(dict(own.artifacts)) == _same(dict(googles.artifacts))
    assert _same(pair.get(_name(own, "endpoint"))) == _same(pair.get(_name(googles, "endpoint")))


def test_a_model_on_an_endpoint_from_its_deployment_to_its_end(
    pair: Pair, model_folder: Path
) -> None:
    states = []
    for run in (pair.own, pair.googles):
        model = _name(_uploaded(pair, model_folder, run))
        endpoint = _name(_endpoint(pair, run), "endpoint")
        both = {"model": _vertex(VertexModel, model), "endpoint": _vertex(VertexEndpoint, endpoint)}
        deployed = run(
            ModelDeployOp,
            **both,
            dedicated_resources_machine_type="n1-standard-2",
            dedicated_resources_min_replica_count=1,
            traffic_split={"0": "100"},
        )
        assert deployed.code == 0, deployed.log
        serving = pair.get(endpoint)
        answer = pair.http.post(f"{endpoint}:predict", json={"instances": [[0]]}).json()
        undeployed = run(ModelUndeployOp, **both)
        assert undeployed.code == 0, undeployed.log
        idle = pair.get(endpoint)
        gone = run(EndpointDeleteOp, endpoint=both["endpoint"])
        assert gone.code == 0, gone.log
        removed = run(ModelDeleteOp, model=_vertex(VertexModel, model.partition("@")[0]))
        assert removed.code == 0, removed.log
        after = [pair.http.get(name).status_code for name in (endpoint, model)]
        states.append(_same([serving, answer["predictions"], idle, after]))

    own, googles = states
    assert own[1] == [1]
    assert own[3] == [404, 404]
    assert _split_aside(own) == _split_aside(googles)


def _split_aside(state: list[Any]) -> list[Any]:
    """The traffic split is keyed by the deployed model's id, which is its own."""
    serving = {**state[0], "trafficSplit": list(state[0]["trafficSplit"].values())}
    return [serving, *state[1:]]
