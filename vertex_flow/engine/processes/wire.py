"""Messages between the engine and its warm parents: JSON with the length in front."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

Message = dict[str, Any]

LENGTH = struct.Struct("!I")


def encode(message: Message) -> bytes:
    """Write a message as bytes, its length first."""
    body = json.dumps(message).encode()
    return LENGTH.pack(len(body)) + body


def receive(sock: socket.socket) -> Message | None:
    """Read one message, waiting for it.

    Args:
        sock: A connected stream socket in blocking mode.

    Returns:
        The message, or None when the other side is gone.
    """
    head = _exactly(sock, LENGTH.size)
    if head is None:
        return None
    body = _exactly(sock, LENGTH.unpack(head)[0])
    return None if body is None else dict(json.loads(body))


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = sock.recv(size - len(parts))
        except ConnectionError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)
