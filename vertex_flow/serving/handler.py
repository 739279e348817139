"""What Google's model server does with one prediction request."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

from fastapi import Request, Response
from google.cloud.aiplatform.prediction.handler import PredictionHandler
from google.cloud.aiplatform.prediction.predictor import Predictor

_log = logging.getLogger(__name__)


class JsonHandler(PredictionHandler):  # type: ignore[misc]  # Google's classes are untyped
    """Answers JSON with JSON, in worker threads, so that health checks are never kept waiting.

    A ValueError of the predictor is about the input and becomes a 400, anything else a 500; the
    body of both is `{"error": "<reason>"}`.
    """

    def __init__(self, artifacts_uri: str, predictor: type[Predictor] | None = None) -> None:
        super().__init__(artifacts_uri, predictor)
        self._workers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="predict")
        # A framework leaves millions of objects behind; without this, decoding JSON triggers
        # collections of a fifth of a second.
        gc.collect()
        gc.freeze()

    async def handle(self, request: Request) -> Response:
        """Answer one request.

        Args:
            request: A POST with a JSON body.

        Returns:
            The predictions, or the error with its status code.
        """
        body = await request.body()
        status, answer = await asyncio.get_running_loop().run_in_executor(
            self._workers, self._answer, body
        )
        return Response(content=answer, status_code=status, media_type="application/json")

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            prepared = self._predictor.preprocess(parse_json(body))
            answer = self._predictor.postprocess(self._predictor.predict(prepared))
        except (ValueError, RecursionError) as error:
            return 400, _error(str(error))
        except Exception as error:  # the server outlives whatever a model raises
            _log.exception("the prediction failed")
            return 500, _error(f"the prediction failed: {type(error).__name__}: {error}")
        try:
            return 200, json.dumps(answer, allow_nan=False, separators=(",", ":")).encode()
        except ValueError:
            return 500, _error("the model predicted NaN or infinity, which JSON cannot hold.")


def parse_json(body: bytes) -> Any:
    """Parse a request's body strictly.

    Args:
        body: What the client sent.

    Returns:
        The value.

    Raises:
        ValueError: It is not JSON; NaN and Infinity are not.
    """
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise ValueError("the body is not JSON: it is no UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is not JSON: {error}.") from None
    except RecursionError:
        raise ValueError("the body is not usable JSON: it is nested too deep.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"the body holds {name}, which is not JSON: send finite numbers.")


def _error(reason: str) -> bytes:
    return json.dumps({"error": reason}).encode()
