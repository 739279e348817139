"""The etags of metadata: numbers that grow, as Google's client expects them to."""

from __future__ import annotations

import time
from typing import TypeVar

from vertex_flow.engine.api.messages import raw

T = TypeVar("T")


def renew(node: T) -> T:
    """Stamp an artifact, an execution or a context that changed, and give it a greater etag."""
    plain = raw(node)
    plain.update_time.GetCurrentTime()
    if not plain.HasField("create_time"):
        plain.create_time.CopyFrom(plain.update_time)
    former = int(plain.etag) if plain.etag.isdigit() else 0
    plain.etag = str(max(int(time.time() * 1000), former + 1))
    return node
