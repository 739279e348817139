"""Methods that only Vertex AI itself has: refused by name, with what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import unimplemented
from vertex_flow.engine.api.rpc import Handler, Row


def refused_rows(collection: str, path: str, reasons: Mapping[str, str]) -> list[Row]:
    """Give methods that are refused, as `rpc.methods` takes them.

    Args:
        collection: For example `endpoints`.
        path: The path of a resource, whose variable is `endpoint`.
        reasons: By the name of a method, why it is refused and what to do.
    """
    # Whatever the body is, the answer is the same, so it is not read as a message.
    kind = types.RawPredictRequest
    return [
        (name, "POST", f"{path}:{name}", kind, "", _refuser(f"{collection}.{name}", reason))
        for name, reason in reasons.items()
    ]


def _refuser(method: str, reason: str) -> Handler:
    async def refuse(request: Any) -> NoReturn:
        raise unimplemented(f"The local engine does not have {method}. {reason}")

    return refuse
