"""A whole engine in the test's process that can be cut off, and started again in its folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.engine.pipelines.bench import Bench
from vertex_flow.engine.engine import Engine
from vertex_flow.engine.pipelines.work import Call


class Phoenix(Bench):
    """Speaks to all services in JSON.

    `cut` stops it as a kill would: nothing is stored from there on.
    """

    def _open(self, call: Call | None = None, *, standing: bool = True) -> None:
        self.engine = Engine(self.home, endpoint="http://127.0.0.1:1", standing=standing)
        self.store, self.background = self.engine._store, self.engine._background
        self.router = self.engine.router
        self.do(self.engine.start())

    def cut(self) -> None:
        self.store.seal()
        self.do(self.engine.close())

    def restart(self, *, standing: bool = True) -> None:
        self.cut()
        self._open(standing=standing)

    def close(self) -> None:
        self.cut()
        self.loop.close()

    def begin(
        self, pipeline: Any, params: Mapping[str, Any], until: Callable[[], object], **config: Any
    ) -> str:
        """Start a pipeline, go on until something holds, and give the job's name."""
        name: str = self.create(pipeline, params, **config)["name"]
        self.until(until)
        return name

    def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            self.do(asyncio.sleep(0.01))

    def list(self, collection: str) -> list[dict[str, Any]]:
        found = self.call("GET", f"/v1/projects/p/locations/us-central1/{collection}")
        items: list[dict[str, Any]] = found.get(collection, [])
        return items


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []
