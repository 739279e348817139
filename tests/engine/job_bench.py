"""An engine without HTTP: the job services behind a router, with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.engine import honesty
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs.service import CustomJobs
from vertex_flow.engine.processes import Launcher, docker_for
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tuning.service import TuningJobs

PARENT = "projects/p/locations/us-central1"


@attrs.frozen
class JobBench:
    """Speaks to the services in JSON, and keeps user code in a folder."""

    home: Home
    store: Store
    background: Background
    launcher: Launcher
    custom: CustomJobs
    tuning: TuningJobs
    router: Router
    source: Path

    @property
    def image(self) -> str:
        return f"file://{self.source}@sha256:{'0' * 64}"

    def write(self, name: str, text: str) -> None:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def pool(self, text: str | None = None, **container: Any) -> dict[str, Any]:
        """Give a worker pool that runs a text as `python -m task`."""
        if text is not None:
            self.write("task.py", text)
        command = container.pop("command", ["python", "-m", "task"])
        spec = {"imageUri": self.image, "command": command, **container}
        return {"replicaCount": 1, "machineSpec": {"machineType": "e2"}, "containerSpec": spec}

    async def call(self, verb: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        return await self.router.call(verb, f"/v1/{path}", query, body)

    async def create(self, *pools: dict[str, Any], **spec: Any) -> dict[str, Any]:
        body = {"displayName": "job", "jobSpec": {"workerPoolSpecs": list(pools), **spec}}
        return await self.call("POST", f"{PARENT}/customJobs", body)

    async def run(self, *pools: dict[str, Any], **spec: Any) -> dict[str, Any]:
        return await self.finish((await self.create(*pools, **spec))["name"])

    async def program(self, text: str, **spec: Any) -> dict[str, Any]:
        return await self.run(self.pool(text), **spec)

    async def finish(self, name: str) -> dict[str, Any]:
        await self.background.wait(name)
        return await self.call("GET", name)

    def log(self, job: dict[str, Any], replica: str = "workerpool0-0") -> str:
        path = self.home.log("customJobs", job["name"].rpartition("/")[2], replica)
        return path.read_text(encoding="utf-8")


Body = Callable[[JobBench], Coroutine[Any, Any, Any]]


def run_with_bench(folder: Path, body: Body, *, runner: str = "process") -> Any:
    """Run an async test body with services of its own, closed afterwards."""

    async def whole() -> Any:
        home = Home(folder / "home")
        home.create()
        source = folder / "source"
        source.mkdir(exist_ok=True)
        store, background, launcher = Store(home.database), Background(), Launcher(home)
        docker = docker_for(runner, home, launcher)
        custom = CustomJobs(home, store, launcher, background, docker)
        tuning = TuningJobs(home, store, background, custom, standing=True)
        router = Router([*custom.bindings(), *tuning.bindings()], honesty.fields())
        bench = JobBench(home, store, background, launcher, custom, tuning, router, source)
        try:
            return await body(bench)
        finally:
            await background.close()
            await launcher.close()
            store.close()

    return asyncio.run(whole())
