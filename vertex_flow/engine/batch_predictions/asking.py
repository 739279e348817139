"""Asks a model server for the predictions of a batch, and finds the rows that spoil it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NoReturn

import httpx

from vertex_flow.engine.api.errors import internal
from vertex_flow.engine.batch_predictions.instances import Instance
from vertex_flow.engine.endpoints.answers import refusal
from vertex_flow.engine.endpoints.servers import ModelServer
from vertex_flow.errors import ApiError

_JSON = {"content-type": "application/json"}
_BUSY = frozenset({429, 503})
_RETRIES = 3
_PAUSE = 0.5  # seconds before the first retry; doubled with each
_PACE = 0.1  # seconds between looks at a server that is started again
# A row of a batch that is answered so may be at fault, and the others may be well.
_ROWS = frozenset({400, 413, 422, 500})

Answer = str | ApiError


class ServerLostError(Exception):
    """The model server was given up.

    Attributes:
        error: Why.
    """

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error


class Asker:
    """Asks one model server.

    Args:
        server: The server.
        parameters: The parameters of each request as JSON, or the empty text.
    """

    def __init__(self, server: ModelServer, parameters: str) -> None:
        self._server = server
        self._end = f', "parameters": {parameters}}}' if parameters else "}"

    async def answers(self, instances: Sequence[Instance]) -> list[Answer]:
        """Ask for the predictions of some instances.

        Returns:
            For each the prediction as JSON, or why there is none. A batch that is refused is
            asked for again in halves, one that ends the server row by row.

        Raises:
            ServerLostError: The server was given up.
        """
        if not instances:
            return []
        await self._serving()
        body = f'{{"instances": [{", ".join(each.sent for each in instances)}]{self._end}'
        try:
            answer = await self._post(body.encode())
        except ApiError as error:
            timed_out = error.status == "DEADLINE_EXCEEDED"
            return await self._apart(instances, error, len(instances) if timed_out else 1)
        half = (len(instances) + 1) // 2
        if answer.status_code == 200:
            found = await asyncio.to_thread(_predictions, answer.content, len(instances))
            if isinstance(found, ApiError):
                return await self._apart(instances, found, half)
            return found
        fine = half if answer.status_code in _ROWS else len(instances)
        return await self._apart(instances, refusal(answer), fine)

    async def _apart(
        self, instances: Sequence[Instance], error: ApiError, size: int
    ) -> list[Answer]:
        """Ask again in parts of a size; what cannot be parted has the error."""
        if len(instances) <= size:
            return [error] * len(instances)
        found: list[Answer] = []
        for start in range(0, len(instances), size):
            found += await self.answers(instances[start : start + size])
        return found

    async def _post(self, body: bytes) -> httpx.Response:
        for attempt in range(_RETRIES):
            answer = await self._server.post(body, _JSON)
            if answer.status_code not in _BUSY:
                return answer
            await asyncio.sleep(_PAUSE * 2**attempt)
        return await self._server.post(body, _JSON)

    async def _serving(self) -> None:
        """Wait until the server can be asked: it may be started again after a crash."""
        while True:
            try:
                await self._server.ready()
            except ApiError as error:
                if self._server.state.phase == "failed":
                    raise ServerLostError(error) from error
            else:
                return
            await asyncio.sleep(_PACE)


def _predictions(content: bytes, count: int) -> list[Answer] | ApiError:
    """Take the predictions from an answer, each as JSON."""
    try:
        body: Any = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        body = None
    found = body.get("predictions") if isinstance(body, dict) else None
    if not isinstance(found, list):
        return internal(
            'The model server did not answer with JSON of the form {"predictions": [...]}: '
            f"{content[:200]!r}"
        )
    if len(found) != count:
        return internal(
            f"The model server answered with {len(found)} predictions for {count} instances."
        )
    return [json.dumps(prediction, ensure_ascii=False) for prediction in found]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
