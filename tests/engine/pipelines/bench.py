"""An engine without HTTP, with real processes, that runs pipelines to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from vertex_flow.engine import honesty
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.background import Background
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.pipelines import PipelineJobs
from vertex_flow.engine.pipelines.work import Call
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

PARENT = "projects/p/locations/us-central1"
COLLECTION = f"/v1/{PARENT}/pipelineJobs"


class Bench:
    """Speaks to the pipeline service in JSON."""

    def __init__(self, folder: Path, call: Call | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.home = Home(folder / "home")
        self.home.create()
        self.root = f"{folder}/root"
        self._open(call)

    def _open(self, call: Call | None) -> None:
        self.store, self.background = Store(self.home.database), Background()
        self.launcher = Launcher(self.home)
        self.service = PipelineJobs(
            self.home, self.store, self.launcher, self.background, call or self._call
        )
        operations = Operations(self.store, self.background)
        bindings = [*self.service.bindings(), *operations.bindings()]
        self.router = Router(bindings, honesty.fields())

    async def _call(self, *request: Any) -> dict[str, Any]:
        return await self.router.call(*request)

    def call(self, verb: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        return self.do(self.router.call(verb, path, query, body))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def body(self, pipeline: Any, params: Mapping[str, Any], **config: Any) -> dict[str, Any]:
        spec = pipeline if isinstance(pipeline, dict) else spec_of(pipeline)
        runtime = {"gcsOutputDirectory": self.root, "parameterValues": dict(params), **config}
        return {"pipelineSpec": spec, "runtimeConfig": runtime}

    def create(
        self, pipeline: Any, params: Mapping[str, Any] | None = None, **config: Any
    ) -> dict[str, Any]:
        return self.call(
            "POST",
            COLLECTION,
            self.body(pipeline, params or {}, **config),
            pipelineJobId=f"job-{self.store.new_id()}",
        )

    def run(
        self, pipeline: Any, params: Mapping[str, Any] | None = None, **config: Any
    ) -> dict[str, Any]:
        """Run a pipeline to its end and give the job."""
        return self.finish(self.create(pipeline, params, **config)["name"])

    def finish(self, name: str) -> dict[str, Any]:
        self.do(self.background.wait(name))
        return self.get(name)

    def get(self, name: str) -> dict[str, Any]:
        return self.call("GET", f"/v1/{name}")

    def close(self) -> None:
        self.do(self.background.close())
        self.do(self.launcher.close())
        self.store.close()
        self.loop.close()


def spec_of(pipeline: Any) -> dict[str, Any]:
    """Compile a pipeline."""
    spec: dict[str, Any] = json_format.MessageToDict(pipeline.pipeline_spec)
    return spec


def details(job: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the details of a job's tasks by their unique names."""
    return {one["taskUniqueName"]: one for one in job["jobDetail"].get("taskDetails", [])}


def states(job: Mapping[str, Any]) -> dict[str, str]:
    """Give the states of a job's tasks by their unique names."""
    return {name: one["state"] for name, one in details(job).items()}


def outputs(job: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Give the output parameters of a task."""
    metadata = details(job)[task]["execution"].get("metadata", {})
    prefix = "output:"
    return {k.removeprefix(prefix): v for k, v in metadata.items() if k.startswith(prefix)}


def artifact(job: Mapping[str, Any], task: str, key: str) -> dict[str, Any]:
    """Give the first artifact of an output of a task."""
    found: dict[str, Any] = details(job)[task]["outputs"][key]["artifacts"][0]
    return found
