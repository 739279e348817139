"""Google's high-level SDK against a real engine, and nothing but this machine to speak to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import grpc
import pytest

from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.sdk import Sdk


class LeftTheMachineError(AssertionError):
    """Something was to be sent to another machine."""


@attrs.frozen
class Official:
    """An engine, and `google.cloud.aiplatform` set up for it.

    Attributes:
        engine: The engine, a process of its own.
        context: Its context.
        sdk: What `GcpContext.init_aiplatform` gave.
    """

    engine: EmbeddedEngine
    context: GcpContext
    sdk: Sdk

    @property
    def bucket(self) -> str:
        """The staging bucket, `gs://<bucket>`."""
        return self.sdk.staging_bucket

    @property
    def parent(self) -> str:
        """`projects/P/locations/L`."""
        return self.context.parent

    def path(self, uri: str) -> Path:
        """The file that a `gs://` URI is here."""
        return self.engine.home / "storage" / uri.removeprefix("gs://")


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    """An engine with a folder of its own, and the SDK set up for it, for the tests of a module."""
    home = tmp_path_factory.mktemp("official") / "home"
    context = GcpContext.local(home)
    with EmbeddedEngine.start(home) as engine, here_alone(), context.init_aiplatform() as set_up:
        yield Official(engine, context, set_up)


class here_alone:  # noqa: N801 - reads as the statement it is
    """Lets this process open connections to this machine alone, with sockets and with gRPC."""

    def __init__(self) -> None:
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> None:
        connect, lookup = socket.socket.connect, socket.getaddrinfo

        def guarded(own: socket.socket, address: Any) -> None:
            _check(address[0] if isinstance(address, tuple) else "localhost")
            connect(own, address)

        def looked_up(host: Any, *args: Any, **kwargs: Any) -> Any:
            _check(host)
            return lookup(host, *args, **kwargs)

        self._patch.setattr(socket.socket, "connect", guarded)
        self._patch.setattr(socket, "getaddrinfo", looked_up)
        for name in ("secure_channel", "insecure_channel"):
            self._patch.setattr(grpc, name, _no_channel)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


def _check(host: Any) -> None:
    text = host.decode() if isinstance(host, bytes) else str(host)
    if text not in ("localhost", "None") and not _is_loopback(text):
        raise LeftTheMachineError(f"this machine alone may be spoken to, not {text}")


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _no_channel(target: str, *_: Any, **__: Any) -> Callable[..., Any]:
    raise LeftTheMachineError(f"a gRPC channel to {target} was opened")
