"""Long-running operations: slow work that a caller polls or waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from google.cloud.aiplatform_v1.types import DeleteOperationMetadata
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import aborted, cancelled, reason, rpc_code
from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.api.rpc import Handler, Rpc
from vertex_flow.engine.background import Background
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError

COLLECTIONS = (
    "customJobs",
    "endpoints",
    "hyperparameterTuningJobs",
    "metadataStores",
    "metadataStores.artifacts",
    "metadataStores.contexts",
    "metadataStores.executions",
    "models",
    "pipelineJobs",
    "schedules",
    "tensorboards",
    "tensorboards.experiments",
    "tensorboards.experiments.runs",
    "tensorboards.experiments.runs.timeSeries",
    "trainingPipelines",
)

_LOCATION = "projects/*/locations/*"
STOPPED = "The engine stopped while this was under way."
# How many operations that are done are kept when the engine starts; nobody asks for older ones.
_KEPT = 1000
# How long `wait` waits when the caller names no time, in seconds.
_PATIENCE = 600.0


class Operations:
    """Slow work that a caller polls or waits for.

    Args:
        store: Where operations are kept.
        background: Where the work runs.
    """

    def __init__(self, store: Store, background: Background) -> None:
        self._store = store
        self._background = background

    def start(
        self, resource: str, work: Coroutine[Any, Any, Any], metadata: Any = None
    ) -> operations_pb2.Operation:
        """Begin slow work.

        Args:
            resource: The resource that the operation belongs to, or a location.
            work: Returns the operation's response, a message; an `ApiError` that it raises becomes
                the operation's error.
            metadata: A message such as `CreateEndpointOperationMetadata`; its times are filled in.

        Returns:
            The operation, which has just begun.
        """
        operation = operations_pb2.Operation(name=f"{resource}/operations/{self._store.new_id()}")
        if metadata is not None:
            operation.metadata.Pack(_stamped(metadata))
        try:
            self._store.save(operation)
        except ApiError:
            work.close()
            raise
        self._background.start(operation.name, self._follow(operation, work))
        return operation

    async def settle(
        self, operation: operations_pb2.Operation, *, seconds: float = 0.2
    ) -> operations_pb2.Operation:
        """Give quick work a moment, so that its caller gets the operation done and need not poll.

        Args:
            operation: What `start` returned.
            seconds: The longest wait.
        """
        await self._over(operation.name, seconds)
        return self._get(operation.name)

    async def remove(
        self, name: str, work: Coroutine[Any, Any, Any] | None = None, *, under: str = ""
    ) -> operations_pb2.Operation:
        """Delete a resource by an operation, which the caller mostly gets done.

        Args:
            name: The resource.
            work: What deletes it; without any, it alone is forgotten.
            under: What the operation belongs to, when that is not the resource itself.
        """
        work = self._forget(name) if work is None else work
        operation = self.start(under or name, work, DeleteOperationMetadata())
        return await self.settle(operation)

    def recover(self) -> None:
        """Fail what a killed engine left undone, and forget what was done long ago."""
        found = self._store.all(operations_pb2.Operation)
        done = [operation.name for operation in found if operation.done]
        for operation in found:
            if not operation.done:
                self._fail(operation, aborted(STOPPED))
        with self._store.transaction():
            for name in done[:-_KEPT]:
                self._store.delete(name)

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of operations, for every collection that has them."""
        found = _methods("projects.locations", _LOCATION, self)
        for collection in COLLECTIONS:
            parent = "/".join(f"{part}/*" for part in collection.split("."))
            found += _methods(f"projects.locations.{collection}", f"{_LOCATION}/{parent}", self)
        return found

    async def get(self, request: operations_pb2.GetOperationRequest) -> operations_pb2.Operation:
        """Answer `operations.get`."""
        return self._get(request.name)

    async def list(
        self, request: operations_pb2.ListOperationsRequest
    ) -> operations_pb2.ListOperationsResponse:
        """Answer `operations.list`."""
        found, token = page(self._store, operations_pb2.Operation, request.name, request)
        return operations_pb2.ListOperationsResponse(operations=found, next_page_token=token)

    async def wait(self, request: operations_pb2.WaitOperationRequest) -> operations_pb2.Operation:
        """Answer `operations.wait`: the operation when it is done, or when the time is up."""
        self._get(request.name)
        given = request.HasField("timeout")
        await self._over(
            request.name, request.timeout.ToTimedelta().total_seconds() if given else _PATIENCE
        )
        return self._get(request.name)

    async def cancel(self, request: operations_pb2.CancelOperationRequest) -> empty_pb2.Empty:
        """Answer `operations.cancel`; does nothing when the operation is done."""
        self._get(request.name)
        await self._background.cancel(request.name)
        operation = self._get(request.name)
        if not operation.done:  # work that is cancelled before its first step cannot say so
            self._fail(operation, cancelled("The operation was cancelled."))
        return empty_pb2.Empty()

    async def delete(self, request: operations_pb2.DeleteOperationRequest) -> empty_pb2.Empty:
        """Answer `operations.delete`: forgets the operation, and leaves its work alone."""
        self._get(request.name)
        self._store.delete(request.name)
        return empty_pb2.Empty()

    async def _forget(self, name: str) -> empty_pb2.Empty:
        self._store.delete(name)
        return empty_pb2.Empty()

    def _get(self, name: str) -> operations_pb2.Operation:
        return self._store.get(operations_pb2.Operation, name)

    async def _over(self, name: str, seconds: float) -> None:
        waiting = asyncio.ensure_future(self._background.wait(name))
        await asyncio.wait({waiting}, timeout=seconds)
        waiting.cancel()

    async def _follow(
        self, operation: operations_pb2.Operation, work: Coroutine[Any, Any, Any]
    ) -> None:
        try:
            response = await work
        except asyncio.CancelledError:
            self._fail(operation, cancelled("The operation was cancelled."))
            raise
        except Exception as error:
            self._fail(operation, reason(error))
            if not isinstance(error, ApiError):
                raise
        else:
            operation.response.Pack(raw(response))
            self._finish(operation)

    def _fail(self, operation: operations_pb2.Operation, error: ApiError) -> None:
        operation.error.code = rpc_code(error)
        operation.error.message = error.message
        self._finish(operation)

    def _finish(self, operation: operations_pb2.Operation) -> None:
        operation.done = True
        # A caller may have deleted the operation while its work went on.
        if self._store.find(operations_pb2.Operation, operation.name) is not None:
            self._store.keep(operation)


def _stamped(metadata: Any) -> Any:
    plain = raw(metadata)
    if "generic_metadata" in plain.DESCRIPTOR.fields_by_name:
        plain.generic_metadata.create_time.GetCurrentTime()
        plain.generic_metadata.update_time.CopyFrom(plain.generic_metadata.create_time)
    return plain


def _methods(prefix: str, parent: str, service: Operations) -> list[tuple[Rpc, Handler]]:
    one = f"/v1/{{name={parent}/operations/*}}"
    rows = (
        ("get", "GET", one, operations_pb2.GetOperationRequest, service.get),
        (
            "list",
            "GET",
            f"/v1/{{name={parent}}}/operations",
            operations_pb2.ListOperationsRequest,
            service.list,
        ),
        ("wait", "POST", f"{one}:wait", operations_pb2.WaitOperationRequest, service.wait),
        ("cancel", "POST", f"{one}:cancel", operations_pb2.CancelOperationRequest, service.cancel),
        ("delete", "DELETE", one, operations_pb2.DeleteOperationRequest, service.delete),
    )
    return [
        (Rpc(id=f"{prefix}.operations.{name}", verb=verb, path=path, request=request), handler)
        for name, verb, path, request, handler in rows
    ]
