"""The collection `tensorboards`: create, get, list, patch, delete, size and usage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import aborted
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.messages import full_name, renew_etag, stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.points import Points
from vertex_flow.engine.state.store import Store, below

_LOCATION = "projects/*/locations/*"
BELOW = (types.TensorboardExperiment, types.TensorboardRun, types.TensorboardTimeSeries)
_BLOBS = "cloud-ai-platform-tensorboards"
_CHANGING = ("description", "display_name", "encryption_spec", "is_default", "labels")


class Instances:
    """TensorBoard instances.

    Args:
        store: Where they are kept.
        points: The points of their time series.
        operations: Runs what Vertex AI answers with a long-running operation.
        buckets: The folder of buckets; one is for the blobs that Google's uploader writes.
    """

    def __init__(self, store: Store, points: Points, operations: Operations, buckets: Path) -> None:
        self._store = store
        self._points = points
        self._operations = operations
        self._blobs = buckets / _BLOBS

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of the collection."""
        many = f"/v1/{{parent={_LOCATION}}}/tensorboards"
        one = f"/v1/{{name={_LOCATION}/tensorboards/*}}"
        patched = f"/v1/{{tensorboard.name={_LOCATION}/tensorboards/*}}"
        asked = f"/v1/{{tensorboard={_LOCATION}/tensorboards/*}}"
        size, usage = types.ReadTensorboardSizeRequest, types.ReadTensorboardUsageRequest
        rows: tuple[Row, ...] = (
            ("create", "POST", many, types.CreateTensorboardRequest, "tensorboard", self.create),
            ("get", "GET", one, types.GetTensorboardRequest, "", self.get),
            ("list", "GET", many, types.ListTensorboardsRequest, "", self.list),
            ("patch", "PATCH", patched, types.UpdateTensorboardRequest, "tensorboard", self.patch),
            ("delete", "DELETE", one, types.DeleteTensorboardRequest, "", self.delete),
            ("readSize", "GET", f"{asked}:readSize", size, "", self.read_size),
            ("readUsage", "GET", f"{asked}:readUsage", usage, "", self.read_usage),
        )
        return methods("tensorboards", rows)

    async def create(self, request: types.CreateTensorboardRequest) -> Any:
        """Answer `tensorboards.create`."""
        draft = types.Tensorboard(request.tensorboard)
        _check(draft)
        number = self._store.new_id()
        draft.name = f"{request.parent}/tensorboards/{number}"
        draft.run_count, draft.blob_storage_path_prefix = 0, f"{_BLOBS}/tensorboard-{number}"
        started = self._operations.start(
            draft.name, self._create(draft), types.CreateTensorboardOperationMetadata()
        )
        return await self._operations.settle(started)

    async def get(self, request: types.GetTensorboardRequest) -> types.Tensorboard:
        """Answer `tensorboards.get`."""
        return self._counted(self._store.get(types.Tensorboard, request.name))

    async def list(self, request: types.ListTensorboardsRequest) -> types.ListTensorboardsResponse:
        """Answer `tensorboards.list`."""
        shown, token = page(
            self._store, types.Tensorboard, request.parent, request, shown=self._counted
        )
        return types.ListTensorboardsResponse(tensorboards=shown, next_page_token=token)

    async def patch(self, request: types.UpdateTensorboardRequest) -> Any:
        """Answer `tensorboards.patch`."""
        changed = self._changed(request)
        started = self._operations.start(
            changed.name, self._patch(request), types.UpdateTensorboardOperationMetadata()
        )
        return await self._operations.settle(started)

    async def delete(self, request: types.DeleteTensorboardRequest) -> Any:
        """Answer `tensorboards.delete`: the instance goes with all that is in it."""
        name = self._store.get(types.Tensorboard, request.name).name
        return await self._operations.remove(name, self._delete(name))

    async def read_size(
        self, request: types.ReadTensorboardSizeRequest
    ) -> types.ReadTensorboardSizeResponse:
        """Answer `tensorboards.readSize`: the bytes that its points take."""
        self._store.get(types.Tensorboard, request.tensorboard)
        return types.ReadTensorboardSizeResponse(
            storage_size_byte=self._points.size(request.tensorboard)
        )

    async def read_usage(
        self, request: types.ReadTensorboardUsageRequest
    ) -> types.ReadTensorboardUsageResponse:
        """Answer `tensorboards.readUsage`: empty, as nobody views an instance here."""
        self._store.get(types.Tensorboard, request.tensorboard)
        return types.ReadTensorboardUsageResponse()

    async def _create(self, draft: types.Tensorboard) -> types.Tensorboard:
        stamp(draft, "create_time", "update_time")
        renew_etag(draft)
        self._blobs.mkdir(exist_ok=True)
        with self._store.transaction():
            self._yield_default(draft)
            self._store.insert(draft)
        return draft

    def _changed(self, request: types.UpdateTensorboardRequest) -> types.Tensorboard:
        found = self._store.get(types.Tensorboard, request.tensorboard.name)
        check_etag(request.tensorboard, found)
        paths = checked_paths(request.update_mask, _CHANGING, kind="Tensorboard")
        copy_fields(request.tensorboard, found, paths)
        _check(found)
        return found

    async def _patch(self, request: types.UpdateTensorboardRequest) -> types.Tensorboard:
        found = self._changed(request)  # as it is now: others may have changed it, or deleted it
        stamp(found, "update_time")
        renew_etag(found)
        with self._store.transaction():
            self._yield_default(found)
            self._store.save(found)
        return self._counted(found)

    async def _delete(self, name: str) -> empty_pb2.Empty:
        with self._store.transaction():
            self._points.forget(name)
            self._store.delete_below(name, *BELOW)
            self._store.delete(name)
        return empty_pb2.Empty()

    def _yield_default(self, new: types.Tensorboard) -> None:
        """Leave a location with one default instance when another one takes its place."""
        if not new.is_default:
            return
        for other in self._store.all(types.Tensorboard):
            same = other.name.rpartition("/")[0] == new.name.rpartition("/")[0]
            if same and other.is_default and other.name != new.name:
                other.is_default = False
                renew_etag(other)
                self._store.save(other)

    def _counted(self, found: types.Tensorboard) -> types.Tensorboard:
        sql = "SELECT COUNT(*) FROM resources WHERE kind = ? AND name >= ? AND name < ?"
        kind = full_name(types.TensorboardRun)
        ((found.run_count,),) = self._store.rows(sql, (kind, *below(found.name)))
        return found


def check_etag(given: Any, found: Any) -> None:
    """Refuse an update of something that has changed since it was read.

    Raises:
        ApiError: ABORTED.
    """
    if given.etag and given.etag != found.etag:
        raise aborted(
            f"The etag {given.etag!r} is not that of {found.name}, {found.etag!r}: it was changed "
            "in between. Read it again, and send the change with its etag, or without one."
        )


def _check(draft: types.Tensorboard) -> None:
    check_display_name(draft.display_name, required=True)
    check_labels(draft.labels)
