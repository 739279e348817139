"""Predictions: from a request to one of the endpoint's model servers, and back."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import attrs
import httpx
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.rpc import RawResponse, Row
from vertex_flow.engine.endpoints.answers import read_request, refusal, with_facts
from vertex_flow.engine.endpoints.counts import Counts
from vertex_flow.engine.endpoints.deployments import Deployments
from vertex_flow.engine.endpoints.records import EndpointRecords
from vertex_flow.engine.endpoints.servers import ModelServer
from vertex_flow.engine.models.versions import Versions

_log = logging.getLogger(__name__)

_JSON = {"content-type": "application/json"}
# Headers of a model server's answer that its caller gets too.
_PASSED_ON = ("content-type", "cache-control", "content-disposition", "content-language")


@attrs.frozen(kw_only=True)
class _Chosen:
    """Who answers a request."""

    endpoint: str
    deployed: types.DeployedModel
    server: ModelServer
    timeout: float | None


class Predictions:
    """Answers predictions.

    Args:
        records: The endpoints.
        versions: The models.
        deployments: Gives the servers.
        chance: Shares the requests out.

    Attributes:
        counts: How many requests there were.
    """

    def __init__(
        self,
        records: EndpointRecords,
        versions: Versions,
        deployments: Deployments,
        chance: random.Random,
    ) -> None:
        self._records = records
        self._versions = versions
        self._deployments = deployments
        self._chance = chance
        self.counts = Counts()

    def rows(self, on: str) -> tuple[Row, ...]:
        """Give the methods of predictions; `on` is the path of an endpoint."""
        # A prediction is passed on as it came: as a message, large instances would take long.
        kind, stream = types.RawPredictRequest, types.StreamRawPredictRequest
        streamed = f"{on}:streamRawPredict"
        return (
            ("predict", "POST", f"{on}:predict", kind, "", self.predict),
            ("rawPredict", "POST", f"{on}:rawPredict", kind, "", self.raw_predict),
            ("streamRawPredict", "POST", streamed, stream, "", self.stream_raw_predict),
        )

    async def predict(self, request: types.RawPredictRequest) -> RawResponse:
        """Answer `endpoints.predict`."""
        body = read_request(request.http_body.data)
        chosen = self._choose(request.endpoint)
        answer = await self._counted(chosen, chosen.server.post(body, _JSON, chosen.timeout))
        if answer.status_code != 200:
            raise refusal(answer)
        deployed = chosen.deployed
        model = self._versions.version(deployed.model, deployed.model_version_id)
        facts: dict[str, Any] = {
            "deployedModelId": deployed.id,
            "model": deployed.model,
            "modelDisplayName": model.display_name,
            "modelVersionId": deployed.model_version_id,
        }
        trusted = chosen.server.plan.trusted
        return RawResponse(headers=_JSON, body=with_facts(answer.content, facts, trusted=trusted))

    async def raw_predict(self, request: types.RawPredictRequest) -> RawResponse:
        """Answer `endpoints.rawPredict`: the body goes to the server, and back, as it is."""
        chosen = self._choose(request.endpoint)
        answer = await self._counted(chosen, chosen.server.post(*_raw(request), chosen.timeout))
        headers = _headers(chosen, answer)
        return RawResponse(status=answer.status_code, headers=headers, body=answer.content)

    async def stream_raw_predict(self, request: types.StreamRawPredictRequest) -> RawResponse:
        """Answer `endpoints.streamRawPredict`: the caller gets each part as the server writes it.

        Server-sent events are such parts.
        """
        chosen = self._choose(request.endpoint)
        answer = await self._counted(chosen, chosen.server.stream(*_raw(request), chosen.timeout))
        headers = _headers(chosen, answer)
        parts = _parts(answer, chosen.server.plan.name)
        return RawResponse(status=answer.status_code, headers=headers, body=parts)

    async def _counted(self, chosen: _Chosen, asked: Awaitable[httpx.Response]) -> httpx.Response:
        ok = False
        try:
            answer = await asked
            ok = answer.is_success
            return answer
        finally:
            self.counts.add(chosen.endpoint, chosen.deployed.id, ok=ok)

    def _choose(self, endpoint: str) -> _Chosen:
        table = self._records.traffic(endpoint)
        deployed = table.choose(self._chance)
        return _Chosen(
            endpoint=endpoint,
            deployed=deployed,
            server=self._deployments.server(endpoint, deployed),
            timeout=table.timeout,
        )


def _raw(
    request: types.RawPredictRequest | types.StreamRawPredictRequest,
) -> tuple[bytes, dict[str, str]]:
    kind = request.http_body.content_type or "application/json"
    return request.http_body.data, {"content-type": kind}


def _headers(chosen: _Chosen, answer: httpx.Response) -> dict[str, str]:
    # As bytes that came in: a text of other letters than Latin-1's could not go out again.
    given = {name.decode("latin-1").lower(): value for name, value in answer.headers.raw}
    passed_on = {name: given[name].decode("latin-1") for name in _PASSED_ON if name in given}
    return {
        **_JSON,
        **passed_on,
        "X-Vertex-AI-Endpoint-Id": chosen.endpoint.rpartition("/")[2],
        "X-Vertex-AI-Deployed-Model-Id": chosen.deployed.id,
        "X-Vertex-AI-Model": chosen.deployed.model,
        "X-Vertex-AI-Model-Version-Id": chosen.deployed.model_version_id,
    }


async def _parts(answer: httpx.Response, name: str) -> AsyncIterator[bytes]:
    """Give an answer part by part; one that breaks off breaks the caller's off too."""
    try:
        async for part in answer.aiter_bytes():
            yield part
    except httpx.HTTPError as error:
        _log.warning("the answer of %s broke off: %r", name, error)
        raise
    finally:
        await answer.aclose()
