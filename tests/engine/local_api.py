"""An engine with models and endpoints only, served over HTTP from a thread of the test."""

import asyncio
import random
import socket
import threading
from pathlib import Path

import httpx
import pytest
import requests
import uvicorn
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import aiplatform_v1
from google.oauth2.credentials import Credentials

from vertex_flow.engine import endpoints, models
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.api.server import application
from vertex_flow.engine.background import Background
from vertex_flow.engine.endpoints.servers import ServingLimits
from vertex_flow.engine.endpoints.service import Endpoints
from vertex_flow.engine.models.service import Models
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

PARENT = "projects/acme/locations/us-central1"
LIMITS = ServingLimits(start=60, request=30, restarts=2, backoff=0.05, rest=0.5)
SKLEARN = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
MACHINE = {"machine_spec": {"machine_type": "n1-standard-2"}, "min_replica_count": 1}


class LocalApi:
    """Serves until `close`; `models`, `endpoints`, `predictions` are Google's clients."""

    def __init__(self, root: Path, *, seed: int = 0) -> None:
        self.home = Home(root)
        self.home.create()
        self.store: Store
        self._seed = seed
        # asyncio switches Nagle's delays off only where the protocol is named.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)  # callers may connect from here on
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self._up.wait(30)
        token = self.home.token()
        self.http = httpx.Client(
            base_url=f"{self.url}/v1/", headers={"authorization": f"Bearer {token}"}, timeout=60
        )
        self.models = self._client(aiplatform_v1.ModelServiceClient, token)
        self.endpoints = self._client(aiplatform_v1.EndpointServiceClient, token)
        self.predictions = self._client(aiplatform_v1.PredictionServiceClient, token)

    def close(self) -> None:
        self.http.close()
        for client in (self.models, self.endpoints, self.predictions):
            client.transport.close()
        self._server.should_exit = True
        self._thread.join(60)

    def upload(self, artifact_uri: object, *, image_uri: str = SKLEARN, **model: object) -> str:
        """Upload a model and give its name."""
        spec = {"image_uri": image_uri, **model.pop("container_spec", {})}
        request = {
            "parent": PARENT,
            "parent_model": model.pop("parent_model", ""),
            "model_id": model.pop("model_id", ""),
            "model": {
                "display_name": "iris",
                "artifact_uri": str(artifact_uri),
                "container_spec": spec,
                **model,
            },
        }
        return self.finish(self.models.upload_model(request)).model

    def upload_flowers(self, *args: str, **spec: object) -> str:
        """Upload a model with a server of its own, which answers with `args`."""
        command = ["python", str(Path(__file__).with_name("flower_server.py"))]
        return self.upload(
            "",
            image_uri="europe-docker.pkg.dev/acme/serving/flowers:1",
            container_spec={"command": command, "args": list(args), **spec},
        )

    def create_endpoint(self, display_name: str = "flowers") -> str:
        operation = self.endpoints.create_endpoint(
            parent=PARENT, endpoint={"display_name": display_name}
        )
        return self.finish(operation).name

    def deploy(
        self, endpoint: str, model: str, *, split: dict[str, int] | None = None, **deployed: object
    ) -> aiplatform_v1.DeployedModel:
        operation = self.endpoints.deploy_model(
            endpoint=endpoint,
            deployed_model={"model": model, "dedicated_resources": MACHINE, **deployed},
            traffic_split={"0": 100} if split is None else split,
        )
        return self.finish(operation).deployed_model

    def undeploy(self, endpoint: str, deployed_id: str, split: dict[str, int]) -> None:
        operation = self.endpoints.undeploy_model(
            endpoint=endpoint, deployed_model_id=deployed_id, traffic_split=split
        )
        self.finish(operation)

    def finish(self, operation):
        """Wait on the server's side: Google's client polls once a second and slower."""
        self.http.post(
            f"{operation.operation.name}:wait", params={"timeout": "50s"}
        ).raise_for_status()
        return operation.result(timeout=60)

    def predict(self, endpoint: str, body: object) -> httpx.Response:
        return self.http.post(f"{endpoint}:predict", json=body)

    def error(self, response: httpx.Response) -> tuple[int, str, str]:
        error = response.json()["error"]
        return error["code"], error["status"], error["message"]

    def _client(self, kind: type, token: str) -> object:
        transport = kind.get_transport_class("rest")(
            host=self.url, credentials=Credentials(token), url_scheme="http"
        )
        return kind(transport=transport)

    async def _serve(self) -> None:
        self.store = store = Store(self.home.database)
        background, launcher = Background(), Launcher(self.home)
        operations = Operations(store, background)
        registry = Models(self.home, store, operations)
        registry.recover()
        self.served = served = Endpoints(
            self.home,
            store,
            launcher,
            background,
            operations,
            limits=LIMITS,
            chance=random.Random(self._seed),
        )
        served.recover()
        bindings = [*operations.bindings(), *registry.bindings(), *served.bindings()]
        router = Router(bindings, models.FIELDS | endpoints.FIELDS)
        port = self._socket.getsockname()[1]
        app = application(router, token=self.home.token(), port=port, log=self.home.engine_log)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._up.set()
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            await background.close()
            await launcher.close()
            store.close()


def refusal(status: str, call: object, *args: object, **kwargs: object) -> str:
    """Give the message with which a call, or the operation that it waits for, is refused."""
    with pytest.raises(GoogleAPICallError) as caught:
        call(*args, **kwargs)
    if isinstance(caught.value.response, requests.Response):
        error = caught.value.response.json()["error"]
        assert error["status"] == status
        return error["message"]
    assert caught.value.grpc_status_code.name == status
    return caught.value.message
