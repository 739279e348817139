"""What is left of model servers: after a kill of their engine, and after they were stopped."""

import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.engine.local_api import MACHINE, PARENT, LocalApi, refusal
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

SERVER = Path(__file__).parent.parent / "flower_server.py"


class Api:
    """Google's REST API of an engine in a process of its own."""

    def __init__(self, engine):
        headers = {"authorization": f"Bearer {engine.token}"}
        self._http = httpx.Client(base_url=f"{engine.endpoint}/v1", headers=headers, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.close()

    def get(self, name):
        return self._http.get(f"/{name}").raise_for_status().json()

    def post(self, path, body=None):
        answer = self._http.post(f"/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def finish(self, operation):
        done = self.post(f"{operation['name']}:wait?timeout=50s")
        return done["response"]


def deploy(api):
    """Deploy a model, and give its endpoint."""
    spec = {"imageUri": "flowers:1", "command": ["python", str(SERVER)], "args": ["rose"]}
    upload = {"model": {"displayName": "rose", "containerSpec": spec}}
    model = api.finish(api.post(f"{PARENT}/models:upload", upload))["model"]
    endpoint = api.finish(api.post(f"{PARENT}/endpoints", {"displayName": "garden"}))["name"]
    machine = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}
    deployed = {"model": model, "dedicatedResources": machine}
    asked = {"deployedModel": deployed, "trafficSplit": {"0": 100}}
    api.finish(api.post(f"{endpoint}:deployModel", asked))
    return endpoint


@pytest.fixture
def garden(tmp_path, processes, until):
    """An endpoint, of an engine that has been killed since."""
    home = tmp_path / "home"
    with EmbeddedEngine.start(home) as engine, Api(engine) as api:
        endpoint = deploy(api)
        os.kill(engine.pid, signal.SIGKILL)
        until(lambda: processes(home) == set())
    return endpoint


@pytest.fixture
def again(tmp_path, garden):
    with EmbeddedEngine.start(tmp_path / "home") as engine, Api(engine) as api:
        yield api


def test_what_is_deployed_comes_back_by_itself_after_a_kill(again, garden, until):
    def replicas():
        [deployed] = again.get(garden)["deployedModels"]
        return deployed.get("status", {}).get("availableReplicaCount", 0)

    until(lambda: replicas() == 1)
    assert again.post(f"{garden}:predict", {"instances": [1]})["predictions"] == [["rose", None]]


def test_nothing_is_left_of_servers_that_were_stopped_or_never_healthy(tmp_path, processes, until):
    api = LocalApi(tmp_path / "home")
    try:
        rose, fail = api.upload_flowers("rose"), api.upload_flowers("fail")
        hang = api.upload_flowers("hang", deployment_timeout="1s")
        endpoint = api.create_endpoint()

        def left():
            found = processes(tmp_path / "home") - {os.getpid()}
            return len(found), len(os.listdir(f"{api.home.root}/tmp"))

        def once():
            deployed = api.deploy(endpoint, rose)
            api.predict(endpoint, {"instances": [1]})
            for broken in (fail, hang):
                refusal("FAILED_PRECONDITION", api.deploy, endpoint, broken, split={})
            api.undeploy(endpoint, deployed.id, {})

        once()  # what is kept warm is there from now on
        before = left()
        once()
        until(lambda: left() == before)
        assert list(api.endpoints.get_endpoint(name=endpoint).deployed_models) == []
    finally:
        api.close()


def test_an_endpoint_is_kept_while_a_model_is_being_deployed(tmp_path):
    api = LocalApi(tmp_path / "home")
    try:
        endpoint, hang = api.create_endpoint(), api.upload_flowers("hang")
        deployed = {"model": hang, "dedicated_resources": MACHINE, "id": "7"}
        operation = api.endpoints.deploy_model(endpoint=endpoint, deployed_model=deployed)
        text = refusal("FAILED_PRECONDITION", api.endpoints.delete_endpoint, name=endpoint)
        api.http.post(f"{operation.operation.name}:cancel")
        again = refusal("CANCELLED", api.finish, operation)

        assert "has deployed or being-deployed DeployedModel(s): 7." in text
        assert again == "The operation was cancelled."
        assert api.http.delete(endpoint).status_code == 200
    finally:
        api.close()


def test_a_home_whose_model_has_gone_starts_all_the_same(tmp_path):
    first = LocalApi(tmp_path / "home")
    endpoint = first.create_endpoint()
    deployed = first.deploy(endpoint, first.upload_flowers("rose"))
    version = f"{deployed.model}/versions/1"
    first.close()
    store = Store(Home(tmp_path / "home").database)
    store.delete(version)
    store.close()
    second = LocalApi(tmp_path / "home")
    try:
        assert second.predict(endpoint, {"instances": [1]}).status_code == 404
    finally:
        second.close()
