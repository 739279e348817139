"""Google's generated clients, and what they are refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.oauth2.credentials import Credentials

from vertex_flow.engine.embedded import EmbeddedEngine

PARENT = "projects/acme/locations/us-central1"

T = TypeVar("T")


def connect(kind: type[T], engine: EmbeddedEngine) -> T:
    """Give one of Google's clients for an engine."""
    transport = kind.get_transport_class("rest")(
        host=engine.endpoint, credentials=Credentials(engine.token), url_scheme="http"
    )
    return kind(transport=transport)


def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, str]:
    """Give status and message with which a call is refused."""
    with pytest.raises(GoogleAPICallError) as caught:
        call(*args, **kwargs)
    error = caught.value.response.json()["error"]
    return error["status"], error["message"]
