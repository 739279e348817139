"""Predictions: from a request to one of the endpoint's model servers, and back."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any, NoReturn

import httpx
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid, unimplemented
from vertex_flow.engine.api.rpc import RawResponse
from vertex_flow.engine.endpoints.plans import plan_server
from vertex_flow.engine.endpoints.records import EndpointRecords
from vertex_flow.engine.endpoints.servers import ModelServer, ModelServers
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError, nearest

_JSON = {"content-type": "application/json"}
_FIELDS = ("instances", "labels", "parameters")


class Predictions:
    """Answers predictions.

    Args:
        home: Gives the servers' folders.
        records: The endpoints.
        versions: The models.
        servers: Runs what serves them.
        chance: Shares the requests out.
    """

    def __init__(
        self,
        home: Home,
        records: EndpointRecords,
        versions: Versions,
        servers: ModelServers,
        chance: random.Random,
    ) -> None:
        self._home = home
        self._records = records
        self._versions = versions
        self._servers = servers
        self._chance = chance

    async def predict(self, request: types.RawPredictRequest) -> RawResponse:
        """Answer `endpoints.predict`."""
        body = read_request(request.http_body.data)
        deployed, model, server, answer = await self._ask(request.endpoint, body, _JSON)
        if answer.status_code != 200:
            raise refusal(answer)
        facts: dict[str, Any] = {
            "deployedModelId": deployed.id,
            "model": deployed.model,
            "modelDisplayName": model.display_name,
            "modelVersionId": deployed.model_version_id,
        }
        return RawResponse(
            headers=_JSON, body=with_facts(answer.content, facts, trusted=server.plan.trusted)
        )

    async def raw_predict(self, request: types.RawPredictRequest) -> RawResponse:
        """Answer `endpoints.rawPredict`: the body goes to the server, and back, as it is."""
        content_type = request.http_body.content_type or "application/json"
        deployed, _, _, answer = await self._ask(
            request.endpoint, request.http_body.data, {"content-type": content_type}
        )
        headers = {
            "content-type": answer.headers.get("content-type", "application/json"),
            "X-Vertex-AI-Deployed-Model-Id": deployed.id,
            "X-Vertex-AI-Model": deployed.model,
            "X-Vertex-AI-Model-Version-Id": deployed.model_version_id,
        }
        return RawResponse(status=answer.status_code, headers=headers, body=answer.content)

    async def explain(self, request: types.ExplainRequest) -> NoReturn:
        """Refuse `endpoints.explain`."""
        self._records.get(request.endpoint)
        raise unimplemented(
            "The local engine computes no explanations: call predict here, and explain on "
            "Vertex AI."
        )

    async def _ask(
        self, endpoint: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[types.DeployedModel, types.Model, ModelServer, httpx.Response]:
        table = self._records.traffic(endpoint)
        deployed = table.choose(self._chance)
        model = self._versions.version(deployed.model, deployed.model_version_id)
        server = self._server(endpoint, deployed, model)
        answer = await server.post(body, headers, table.timeout)
        return deployed, model, server, answer

    def _server(
        self, endpoint: str, deployed: types.DeployedModel, model: types.Model
    ) -> ModelServer:
        """Give the running server; once the engine was started again, a request starts it."""
        server = self._servers.find(f"{endpoint}/deployedModels/{deployed.id}")
        if server is not None:
            return server
        plan = plan_server(self._home, endpoint=endpoint, deployed=deployed, model=model)
        return self._servers.start(plan)


def read_request(data: bytes) -> bytes:
    """Check the body of a predict request.

    Args:
        data: The JSON of a `PredictRequest`.

    Returns:
        What the model server gets: the instances, and the parameters where there are any.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    try:
        body = json.loads(data or b"{}", parse_constant=_refuse_constant)
    except RecursionError:
        raise invalid("Invalid JSON payload received: it is nested too deep.") from None
    except ValueError as error:
        raise invalid(f"Invalid JSON payload received: {error}.") from None
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object at the root of the body.")
    for name in body.keys() - {*_FIELDS, "endpoint"}:
        raise invalid(
            f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            f"{nearest(name, _FIELDS)}"
        )
    if not isinstance(body.get("instances"), list):
        raise invalid("'instances' is required: a list with one item an instance.")
    if body.keys() <= {"instances", "parameters"} and body.get("parameters", 0) is not None:
        return data
    kept = {name: body[name] for name in ("instances", "parameters") if body.get(name) is not None}
    return json.dumps(kept, separators=(",", ":")).encode()


def with_facts(content: bytes, facts: Mapping[str, Any], *, trusted: bool) -> bytes:
    """Add to a model server's answer who gave it.

    Args:
        content: The JSON that the server answered with.
        facts: Fields to add.
        trusted: Whether the answer is known to be `{"predictions": [...]}`, with nothing else.

    Raises:
        ApiError: INTERNAL when the answer is something else.
    """
    if trusted:  # spliced: parsing large answers takes longer than the rest of the way
        return content.rstrip()[:-1] + b"," + json.dumps(facts).encode()[1:]
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "predictions" not in answer:
        raise ApiError(
            500,
            "INTERNAL",
            'The model server did not answer with JSON of the form {"predictions": [...]}: '
            f"{content[:200]!r}",
        )
    kept = {name: answer[name] for name in ("predictions", "metadata") if name in answer}
    return json.dumps({**kept, **facts}).encode()


def refusal(answer: httpx.Response) -> ApiError:
    """Turn a model server's error into the API's, with the server's reason."""
    reason = _reason(answer)
    if 400 <= answer.status_code < 500:
        return invalid(reason)
    if answer.status_code == 503:
        return ApiError(503, "UNAVAILABLE", reason)
    return ApiError(500, "INTERNAL", reason)


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = None
    said = body.get("error") or body.get("detail") if isinstance(body, dict) else None
    if isinstance(said, dict):
        said = said.get("message")
    text = said if isinstance(said, str) else answer.text[:2000]
    return text or f"The model server answered {answer.status_code} without a reason."


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
