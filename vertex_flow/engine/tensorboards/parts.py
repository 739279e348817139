"""Experiments, runs and time series: what the three collections have in common."""

from __future__ import annotations

from typing import Any

import attrs
from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import already_exists, invalid
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.messages import raw, renew_etag, stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_display_name, check_id, check_labels
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.points import Points
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tensorboards.instances import BELOW, check_etag

_CHANGING = ("description", "display_name", "labels")
_PLUGIN_DATA_SIZE = 65 * 1024  # bytes


@attrs.frozen(kw_only=True)
class Kind:
    """One of the three collections.

    Attributes:
        noun: `TensorboardRun` and so on.
        field: The field of requests that holds one.
        listed: The field of a list's answer.
        parents: The collections around it, from the outside, with its own at the end.
        parent: The class of what it is in.
        named: Whether a display name is required, and no two may have the same.
    """

    noun: str
    field: str
    listed: str
    parents: tuple[str, ...]
    parent: Any
    named: bool

    @property
    def message(self) -> Any:
        """The class of its resources."""
        return getattr(types, self.noun)

    @property
    def changing(self) -> tuple[str, ...]:
        """The fields that can change."""
        known = raw(self.message()).DESCRIPTOR.fields_by_name
        return tuple(name for name in _CHANGING if name in known)

    def request(self, verb: str, *, plural: bool = False) -> Any:
        """Give the request class of a method, for example `ListTensorboardRunsRequest`."""
        ending = "s" if plural and not self.noun.endswith("s") else ""
        return getattr(types, f"{verb}{self.noun}{ending}Request")

    def response(self) -> Any:
        """Give the class of a list's answer."""
        return getattr(
            types, self.request("List", plural=True).__name__.replace("Request", "Response")
        )


KINDS = (
    Kind(
        noun="TensorboardExperiment",
        field="tensorboard_experiment",
        listed="tensorboard_experiments",
        parents=("tensorboards", "experiments"),
        parent=types.Tensorboard,
        named=False,
    ),
    Kind(
        noun="TensorboardRun",
        field="tensorboard_run",
        listed="tensorboard_runs",
        parents=("tensorboards", "experiments", "runs"),
        parent=types.TensorboardExperiment,
        named=True,
    ),
    Kind(
        noun="TensorboardTimeSeries",
        field="tensorboard_time_series",
        listed="tensorboard_time_series",
        parents=("tensorboards", "experiments", "runs", "timeSeries"),
        parent=types.TensorboardRun,
        named=True,
    ),
)


class Parts:
    """The experiments, the runs or the time series of TensorBoard instances.

    Args:
        kind: Which of them.
        store: Where they are kept.
        points: The points of time series.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(self, kind: Kind, store: Store, points: Points, operations: Operations) -> None:
        self._kind = kind
        self._store = store
        self._points = points
        self._operations = operations

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of the collection."""
        kind = self._kind
        around = "/".join(f"{name}/*" for name in ("projects", "locations", *kind.parents[:-1]))
        own = kind.parents[-1]
        many, one = f"/v1/{{parent={around}}}/{own}", f"/v1/{{name={around}/{own}/*}}"
        patched = f"/v1/{{{kind.field}.name={around}/{own}/*}}"
        listed = kind.request("List", plural=True)
        rows: tuple[Row, ...] = (
            ("create", "POST", many, kind.request("Create"), kind.field, self.create),
            ("get", "GET", one, kind.request("Get"), "", self.get),
            ("list", "GET", many, listed, "", self.list),
            ("patch", "PATCH", patched, kind.request("Update"), kind.field, self.patch),
            ("delete", "DELETE", one, kind.request("Delete"), "", self.delete),
        )
        return methods(".".join(kind.parents), rows)

    async def create(self, request: Any) -> Any:
        """Answer `create`."""
        return self.make(request)

    def make(self, request: Any) -> Any:
        """Make one as a request says.

        Raises:
            ApiError: INVALID_ARGUMENT, NOT_FOUND or ALREADY_EXISTS.
        """
        kind = self._kind
        self._store.get(kind.parent, request.parent)
        part = kind.message(getattr(request, kind.field))
        given = getattr(request, f"{kind.field}_id")
        if given or kind.parents[-1] != "timeSeries":
            check_id(given, field=f"{kind.field}_id")
        part.name = f"{request.parent}/{kind.parents[-1]}/{given or self._store.new_id()}"
        self._check(part)
        stamp(part, "create_time", "update_time")
        renew_etag(part)
        self._store.insert(part)
        return part

    async def get(self, request: Any) -> Any:
        """Answer `get`."""
        return self._store.get(self._kind.message, request.name)

    async def list(self, request: Any) -> Any:
        """Answer `list`."""
        if "-" not in request.parent.split("/"):
            self._store.get(self._kind.parent, request.parent)
        found, token = page(self._store, self._kind.message, request.parent, request)
        return self._kind.response()(**{self._kind.listed: found, "next_page_token": token})

    async def patch(self, request: Any) -> Any:
        """Answer `patch`."""
        kind = self._kind
        given = getattr(request, kind.field)
        found = self._store.get(kind.message, given.name)
        check_etag(given, found)
        paths = checked_paths(request.update_mask, kind.changing, kind=kind.noun)
        copy_fields(given, found, paths)
        self._check(found)
        stamp(found, "update_time")
        renew_etag(found)
        self._store.save(found)
        return found

    async def delete(self, request: Any) -> Any:
        """Answer `delete`: the resource goes with all that is in it."""
        name = self._store.get(self._kind.message, request.name).name
        return await self._operations.remove(name, self._delete(name))

    async def _delete(self, name: str) -> empty_pb2.Empty:
        with self._store.transaction():
            self._points.forget(name)
            self._store.delete_below(name, *BELOW)
            self._store.delete(name)
        return empty_pb2.Empty()

    def _check(self, part: Any) -> None:
        check_display_name(part.display_name, required=self._kind.named)
        if self._kind.named:
            self._check_unique(part)
        if self._kind.parents[-1] == "timeSeries":
            _check_series(part)
        else:
            check_labels(part.labels)

    def _check_unique(self, part: Any) -> None:
        parent = part.name.rsplit("/", 2)[0]
        text = part.display_name.replace("\\", "\\\\").replace('"', '\\"')
        same, _ = self._store.list(self._kind.message, parent, filter=f'display_name="{text}"')
        others = [one.name for one in same if one.display_name == part.display_name]
        if set(others) - {part.name}:
            raise already_exists(
                f'{parent} has a {self._kind.noun} with the display_name "{part.display_name}" '
                f"already: {others[0]}."
            )


def _check_series(series: types.TensorboardTimeSeries) -> None:
    plain = raw(series)
    if not series.value_type:
        raise invalid("value_type is required: SCALAR, TENSOR or BLOB_SEQUENCE.")
    if len(series.plugin_data) > _PLUGIN_DATA_SIZE:
        raise invalid(
            f"plugin_data has {len(series.plugin_data)} bytes; at most {_PLUGIN_DATA_SIZE} are "
            "allowed."
        )
    if not plain.HasField("create_time"):
        plain.ClearField("metadata")
