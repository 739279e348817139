"""A whole engine without HTTP, in the test's own event loop, with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import attrs
import joblib
from sklearn.linear_model import LinearRegression

from vertex_flow.engine.engine import Engine
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

PARENT = "projects/p/locations/us-central1"
SKLEARN = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
_ENDED = ("_SUCCEEDED", "_FAILED", "_CANCELLED")


@attrs.frozen
class EngineBench:
    """Speaks to the engine in JSON; `gs://b/x` is the file `storage/b/x` of the home."""

    home: Home
    engine: Engine

    async def call(self, verb: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        return await self.engine.router.call(verb, f"/v1/{path}", query, body)

    async def ended(self, name: str) -> dict[str, Any]:
        """Wait until a job or a pipeline has ended, and give it."""
        while True:
            found = await self.call("GET", name)
            if found["state"].endswith(_ENDED):
                return found
            await asyncio.sleep(0.02)

    async def finished(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Wait for an operation, and give its response."""
        while not operation.get("done"):
            operation = await self.call("POST", f"{operation['name']}:wait", {"timeout": "30s"})
        return operation["response"]

    def path(self, uri: str) -> Path:
        return self.home.storage / uri.removeprefix("gs://")

    def write(self, uri: str, content: str | bytes) -> str:
        """Put a file into the storage."""
        path = self.path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return uri

    async def upload(self, **model: Any) -> str:
        """Upload a model and give its name."""
        operation = await self.call("POST", f"{PARENT}/models:upload", {"model": model})
        return (await self.finished(operation))["model"]

    async def upload_doubling(self, uri: str = "gs://b/doubling") -> str:
        """Upload a scikit-learn model that doubles a number."""
        self.path(uri).mkdir(parents=True, exist_ok=True)
        model = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
        joblib.dump(model, self.path(uri) / "model.joblib")
        return await self.upload(
            displayName="doubling", artifactUri=uri, containerSpec={"imageUri": SKLEARN}
        )


Body = Callable[[EngineBench], Coroutine[Any, Any, Any]]


def run_with_engine(
    folder: Path, body: Body, *, before: Callable[[Store], object] | None = None
) -> Any:
    """Run an async test body with an engine of its own, closed afterwards.

    Args:
        folder: Where its home is, or was.
        body: The test.
        before: Puts into the store what an earlier engine has left.
    """

    async def whole() -> Any:
        home = Home(folder / "home")
        home.create()
        if before is not None:
            store = Store(home.database)
            before(store)
            store.close()
        engine = Engine(home, endpoint="http://127.0.0.1:9")
        await engine.start()
        try:
            return await body(EngineBench(home, engine))
        finally:
            await engine.close()

    return asyncio.run(whole())


def alive(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
