"""One launcher's work: requests to the engine's API, and waiting for what they began."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import attrs

from vertex_flow.engine import jobs, operations
from vertex_flow.engine.pipelines.executor_io import ExecutorFiles
from vertex_flow.engine.pipelines.journal import MADE
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.names import Resource, api_endpoint, location_name

Result = Callable[[], Awaitable["dict[str, Any] | None"]]

_PAUSE = 0.1  # seconds before a second look at work that no task of the engine is behind
_OVER = ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_PAUSED")


@attrs.frozen(kw_only=True)
class Launch:
    """One launcher's work.

    Attributes:
        work: The task.
        files: The task's folder; URIs in it stay as they are.
        arguments: The launcher's arguments by name, placeholders filled in.
    """

    work: Work
    files: ExecutorFiles
    arguments: Mapping[str, str]

    @property
    def payload(self) -> dict[str, Any]:
        """The payload with its empty fields, of which a new copy is given each time."""
        value: dict[str, Any] = json.loads(self.arguments["payload"], strict=False)
        return value

    @property
    def parent(self) -> str:
        """The location that the launcher was told."""
        return location_name(self.arguments["project"], self.arguments["location"])

    def labelled(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Add the labels of the pipeline to a payload; its own win."""
        return {**payload, "labels": {**self.work.job.labels, **(payload.get("labels") or {})}}

    def named(self, value: str, collection: str) -> Resource:
        """Read a resource name from a payload.

        Raises:
            ValueError: It is not the name of a resource of that collection.
        """
        try:
            resource = Resource.parse(value)
        except SettingError as error:
            raise ValueError(str(error)) from error
        if resource.collection != collection:
            raise ValueError(f"{value!r} is not one of {collection}.")
        return resource

    async def job(self, collection: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a job and wait until it is over.

        A job that was created before the engine was restarted is not created again: as Google's
        launchers do, this one goes on waiting for it.

        Args:
            collection: For example `customJobs`.
            body: The job.

        Returns:
            The job as it ended.

        Raises:
            ApiError: It was refused.
            TaskFailed: It did not succeed.
        """
        async with self.work.tools.job_slots:
            job = await self._to_its_end(collection, body)
        if job.get("state") == "JOB_STATE_SUCCEEDED":
            return job
        state = job.get("state", "").removeprefix("JOB_STATE_").lower()
        reason = job.get("error", {}).get("message", "")
        raise TaskFailed(
            f"{job['name']} {'was ' if state in ('cancelled', 'paused') else ''}{state}"
            f"{': ' if reason else '.'}{reason}",
            code=job.get("error", {}).get("code", 9),
        )

    async def _to_its_end(self, collection: str, body: Mapping[str, Any]) -> dict[str, Any]:
        job = await self._earlier_job(collection)
        if job is None:
            path = f"/v1/{self.parent}/{collection}"
            with self._making():
                job = await self.work.tools.call("POST", path, {}, dict(body))
        self._created(self.arguments["type"], job["name"])
        try:
            return await self._job_over(job)
        except asyncio.CancelledError:
            await self._cancel(job["name"])
            raise

    async def operation(
        self,
        verb: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        result: Result | None = None,
    ) -> dict[str, Any]:
        """Make a request that begins a long-running operation, and wait until it is done.

        Args:
            verb: The method of the request.
            path: Its path.
            body: Its body.
            result: Asked when the engine was stopped during the operation: gives its response if
                its work is done all the same, and None if it is to be done again.

        Returns:
            The operation.

        Raises:
            ApiError: The request was refused.
            TaskFailed: The operation failed.
        """
        call = self.work.tools.call
        operation = await self._earlier_operation(result)
        if operation is None:
            with self._making():
                sent = None if body is None else dict(body)
                operation = await call(verb, f"/v1/{path}", {}, sent)
        self._created("VertexLro", operation["name"])
        try:
            operation = await self._operation_done(operation)
        except asyncio.CancelledError:
            await self._cancel(operation["name"])
            raise
        if "error" in operation:
            error = operation["error"]
            raise TaskFailed(
                f"{operation['name']} failed: {error.get('message', '')}", code=error.get("code", 9)
            )
        return operation

    async def gone(self, name: str) -> dict[str, Any] | None:
        """Give the response of a deletion if the resource is not there any more."""
        try:
            await self.work.tools.call("GET", f"/v1/{name}")
        except ApiError as error:
            return {} if error.code == 404 else None
        return None

    def made(self, collection: str) -> str:
        """Name the newest resource of a collection that this attempt has made, or nothing."""
        found = self.work.tools.store.made(self.work.job.name, self._key)
        return next((name for name in reversed(found) if name.split("/")[-2] == collection), "")

    def output(self, key: str, resource_name: str) -> None:
        """Write an output artifact that stands for a resource, as the launchers do."""
        from google_cloud_pipeline_components.container.utils import artifact_utils

        uri = self._uri(resource_name)
        artifact = SimpleNamespace(name=key, uri=uri, metadata={"resourceName": resource_name})
        artifact_utils.update_output_artifacts(self.arguments["executor_input"], [artifact])

    @property
    def _key(self) -> str:
        """What the resources that this attempt makes are noted under."""
        return f"{MADE}{self.work.record.attempt}"

    def _making(self) -> AbstractContextManager[None]:
        """Note what is made inside, so that a restarted engine does not make it a second time."""
        return self.work.tools.store.made_for(self.work.job.name, self._key)

    async def _earlier_job(self, collection: str) -> dict[str, Any] | None:
        """Find the job that this attempt has created before the engine was restarted."""
        name = self.made(collection)
        if not name:
            return None
        job = await self.work.tools.call("GET", f"/v1/{name}")
        if job.get("error", {}).get("message") == jobs.STOPPED:
            self.work.say(f"The engine was stopped during {name}: another job takes its place.")
            return None
        self.work.say(f"The engine was restarted during {name}: it goes on.")
        return job

    async def _earlier_operation(self, result: Result | None) -> dict[str, Any] | None:
        """Find the operation that this attempt has begun before the engine was restarted."""
        name = self.made("operations")
        if not name:
            return None
        operation = await self.work.tools.call("GET", f"/v1/{name}")
        if operation.get("error", {}).get("message") != operations.STOPPED:
            return operation
        response = None if result is None else await result()
        if response is None:
            self.work.say(f"The engine was stopped during {name}: the request is made again.")
            return None
        self.work.say(f"The engine was stopped during {name}, whose work is done.")
        return {"name": name, "done": True, "response": response}

    def _created(self, kind: str, name: str) -> None:
        """Write `gcp_resources`, and show it while the work goes on."""
        resources = {"resources": [{"resourceType": kind, "resourceUri": self._uri(name)}]}
        text = json.dumps(resources, indent=2)
        file = Path(self.arguments["gcp_resources"])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.work.say(f"{kind} {name}")
        self.work.record.gives(Ports(parameters={"gcp_resources": text}))
        self.work.record.keep()

    def _uri(self, name: str) -> str:
        location = name.split("/")[3]
        return f"{api_endpoint(location)}/v1/{name}"

    async def _job_over(self, job: dict[str, Any]) -> dict[str, Any]:
        while job.get("state") not in _OVER:
            job = await self._look(job["name"])
        return job

    async def _operation_done(self, operation: dict[str, Any]) -> dict[str, Any]:
        while not operation.get("done"):
            operation = await self._look(operation["name"])
        return operation

    async def _look(self, name: str) -> dict[str, Any]:
        """Wait for the work behind a resource and read it; never without a pause."""
        await self.work.tools.background.wait(name)
        found = await self.work.tools.call("GET", f"/v1/{name}")
        if found.get("state") not in _OVER and not found.get("done"):
            await asyncio.sleep(_PAUSE)
        return found

    async def _cancel(self, name: str) -> None:
        """Cancel the work that was begun, as the launchers do when they are told to stop."""
        try:
            await self.work.tools.call("POST", f"/v1/{name}:cancel", {}, {})
        except ApiError as error:
            self.work.say(f"{name} could not be cancelled: {error}")
            return
        await self.work.tools.background.wait(name)


def without_empty(payload: dict[str, Any]) -> dict[str, Any]:
    """Leave out the empty fields of a payload, with the launchers' own function."""
    from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util

    return cast("dict[str, Any]", json_util.recursive_remove_empty(payload))


def snake_case(value: Any) -> Any:
    """Give a nested value with snake_case keys, with the launchers' own function."""
    from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util

    return json_util.camel_case_to_snake_case_recursive(value)
