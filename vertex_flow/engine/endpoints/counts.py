"""How many predictions the models behind endpoints were asked for."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import attrs


@attrs.define
class _Count:
    requests: int = 0
    failed: int = 0
    last: datetime | None = None


class Counts:
    """Counts the requests of each deployed model since the engine's start.

    Vertex AI has such counts in Cloud Monitoring, which the engine does not serve.
    """

    def __init__(self) -> None:
        self._since = _now()
        self._counts: dict[tuple[str, str], _Count] = {}

    def add(self, endpoint: str, deployed_id: str, *, ok: bool) -> None:
        """Count a request that was answered.

        Args:
            endpoint: Resource name of the endpoint.
            deployed_id: Id of the deployed model that had to answer.
            ok: Whether it answered with a prediction.
        """
        count = self._counts.setdefault((endpoint, deployed_id), _Count())
        count.requests += 1
        count.failed += not ok
        count.last = _now()

    def as_json(self) -> dict[str, Any]:
        """Give all counts: `since`, and `endpoints`, by name and by id of the deployed model."""
        endpoints: dict[str, dict[str, Any]] = {}
        for (endpoint, deployed_id), count in self._counts.items():
            endpoints.setdefault(endpoint, {})[deployed_id] = {
                "requests": count.requests,
                "failed": count.failed,
                "last": count.last.isoformat() if count.last else None,
            }
        return {"since": self._since.isoformat(), "endpoints": endpoints}


def _now() -> datetime:
    return datetime.now(timezone.utc)
