"""Methods of endpoints that only Vertex AI itself has: refused by name, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import unimplemented
from vertex_flow.engine.api.rpc import Handler, Row

_GRPC = "It needs a gRPC model server; call predict or rawPredict."
_STREAM = "Call streamRawPredict, which streams what the model server writes."
_GENERATIVE = "No generative model is served here; call rawPredict on a server of your own."

REFUSALS: Mapping[str, str] = {
    "computeTokens": _GENERATIVE,
    "countTokens": _GENERATIVE,
    "directPredict": _GRPC,
    "directRawPredict": _GRPC,
    "explain": "Explanations are computed on Vertex AI only; call predict.",
    "generateContent": _GENERATIVE,
    "serverStreamingPredict": _STREAM,
    "streamGenerateContent": _GENERATIVE,
}


def refused_rows(endpoint: str) -> list[Row]:
    """Give the methods that are refused, as `rpc.methods` takes them.

    Args:
        endpoint: The path of an endpoint, up to its method.
    """
    # Whatever the body is, the answer is the same: it is not read as a message.
    return [
        (name, "POST", f"{endpoint}:{name}", types.RawPredictRequest, "", _refuser(name, text))
        for name, text in REFUSALS.items()
    ]


def _refuser(name: str, text: str) -> Handler:
    async def refuse(request: Any) -> NoReturn:
        raise unimplemented(f"The local engine does not have endpoints.{name}. {text}")

    return refuse
