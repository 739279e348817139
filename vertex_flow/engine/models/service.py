"""Models: upload, versions, aliases."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.masks import checked_paths, copy_fields
from vertex_flow.engine.api.refused import refused_rows
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.models.copies import Copies
from vertex_flow.engine.models.evaluations import Evaluations
from vertex_flow.engine.models.fields import REFUSED_CALLS
from vertex_flow.engine.models.uploads import check_files, check_model, completed, new_name
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store

_LOCATION = "projects/*/locations/*"
_MODEL = f"{_LOCATION}/models/*"
_OF_MODEL = frozenset({"description", "display_name", "labels"})
_OF_VERSION = frozenset({"labels", "version_description"})
_EVALUATION = f"{_MODEL}/evaluations/*"


class Models:
    """The model registry.

    Args:
        home: Resolves artifact URIs.
        store: Where models are kept.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(self, home: Home, store: Store, operations: Operations) -> None:
        self._home = home
        self._store = store
        self._operations = operations
        self._versions = Versions(store)
        self._copies = Copies(home, store, self._versions, operations)
        self._evaluations = Evaluations(store, self._versions)

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of models."""
        many, one = f"/v1/{{parent={_LOCATION}}}/models", f"/v1/{{name={_MODEL}}}"
        merge, export = types.MergeVersionAliasesRequest, types.ExportModelRequest
        rows: tuple[Row, ...] = (
            ("upload", "POST", f"{many}:upload", types.UploadModelRequest, "*", self.upload),
            ("copy", "POST", f"{many}:copy", types.CopyModelRequest, "*", self._copies.copy),
            ("export", "POST", f"{one}:export", export, "*", self._copies.export),
            ("get", "GET", one, types.GetModelRequest, "", self.get),
            ("list", "GET", many, types.ListModelsRequest, "", self.list),
            *self._version_rows(one),
            (
                "patch",
                "PATCH",
                one.replace("name", "model.name"),
                types.UpdateModelRequest,
                "model",
                self.patch,
            ),
            (
                "mergeVersionAliases",
                "POST",
                f"{one}:mergeVersionAliases",
                merge,
                "*",
                self.merge_version_aliases,
            ),
            ("delete", "DELETE", one, types.DeleteModelRequest, "", self.delete),
            *refused_rows("models", f"/v1/{{endpoint={_MODEL}}}", REFUSED_CALLS),
            *self._evaluation_rows(),
        )
        return methods("models", rows)

    def _version_rows(self, one: str) -> tuple[Row, ...]:
        versions, delete = types.ListModelVersionsRequest, types.DeleteModelVersionRequest
        checkpoints = types.ListModelVersionCheckpointsRequest
        return (
            ("listVersions", "GET", f"{one}:listVersions", versions, "", self.list_versions),
            ("deleteVersion", "DELETE", f"{one}:deleteVersion", delete, "", self.delete_version),
            (
                "listCheckpoints",
                "GET",
                f"{one}:listCheckpoints",
                checkpoints,
                "",
                self.list_checkpoints,
            ),
        )

    def _evaluation_rows(self) -> tuple[Row, ...]:
        kept, many = self._evaluations, f"/v1/{{parent={_MODEL}}}/evaluations"
        get, slices = types.GetModelEvaluationRequest, types.ListModelEvaluationSlicesRequest
        given = types.ImportModelEvaluationRequest
        return (
            ("evaluations.import", "POST", f"{many}:import", given, "*", kept.import_),
            ("evaluations.get", "GET", f"/v1/{{name={_EVALUATION}}}", get, "", kept.get),
            ("evaluations.list", "GET", many, types.ListModelEvaluationsRequest, "", kept.list),
            (
                "evaluations.slices.list",
                "GET",
                f"/v1/{{parent={_EVALUATION}}}/slices",
                slices,
                "",
                kept.slices,
            ),
        )

    def recover(self) -> None:
        """Put right what a killed engine left half done."""
        self._versions.repair()

    async def upload(self, request: types.UploadModelRequest) -> Any:
        """Answer `models.upload`: a new model, or with `parent_model` a new version of one."""
        with self._store.transaction():  # before another upload can take the same id
            version = self.register(request)
            operation = self._operations.start(
                version.name, _uploaded(version), types.UploadModelOperationMetadata()
            )
        return await self._operations.settle(operation)

    def check_upload(self, request: types.UploadModelRequest) -> str:
        """Refuse an upload that cannot be, whatever its files are.

        Returns:
            The name that the model has, or gets.

        Raises:
            ApiError: The registry does not take it.
        """
        check_model(request.model)
        return new_name(
            self._store,
            request.parent,
            model_id=request.model_id,
            parent_model=request.parent_model,
        )

    def register(self, request: types.UploadModelRequest) -> types.Model:
        """Store a new model, or a new version of one.

        Returns:
            The version as callers see it.

        Raises:
            ApiError: The registry does not take it, or its files are not there.
        """
        name = self.check_upload(request)
        check_files(self._home, request.model)
        return self._versions.add(name, completed(request.model))

    async def get(self, request: types.GetModelRequest) -> types.Model:
        """Answer `models.get`: a version by id or alias, else the default one."""
        found = self._versions.get(request.name)
        return _numbered(found) if _of_version(request.name) else found

    async def list(self, request: types.ListModelsRequest) -> types.ListModelsResponse:
        """Answer `models.list`: the default version of each model."""
        shown, token = page(
            self._store, types.Model, request.parent, request, shown=self._versions.shown
        )
        return types.ListModelsResponse(models=shown, next_page_token=token)

    async def list_versions(
        self, request: types.ListModelVersionsRequest
    ) -> types.ListModelVersionsResponse:
        """Answer `models.listVersions`."""
        self._store.get(types.Model, request.name)
        shown, token = page(
            self._store,
            types.Model,
            request.name,
            request,
            shown=lambda version: _numbered(self._versions.shown(version)),
        )
        return types.ListModelVersionsResponse(models=shown, next_page_token=token)

    async def list_checkpoints(
        self, request: types.ListModelVersionCheckpointsRequest
    ) -> types.ListModelVersionCheckpointsResponse:
        """Answer `models.listCheckpoints`: a custom model has none."""
        self._versions.get(request.name)
        return types.ListModelVersionCheckpointsResponse()

    async def patch(self, request: types.UpdateModelRequest) -> types.Model:
        """Answer `models.patch`: of the model, or with `@<version>` in its name of that version."""
        versioned = _of_version(request.model.name)
        kind = "model version" if versioned else "Model"
        allowed = _OF_VERSION if versioned else _OF_MODEL
        paths = checked_paths(request.update_mask, allowed, kind=kind)
        if "display_name" in paths:
            check_display_name(request.model.display_name, required=True)
        check_labels(request.model.labels)
        changed = self._versions.update(
            request.model.name, lambda version: copy_fields(request.model, version, paths)
        )
        return _numbered(changed) if versioned else changed

    async def merge_version_aliases(self, request: types.MergeVersionAliasesRequest) -> types.Model:
        """Answer `models.mergeVersionAliases`."""
        merged = self._versions.merge_aliases(request.name, request.version_aliases)
        return _numbered(merged)

    async def delete(self, request: types.DeleteModelRequest) -> Any:
        """Answer `models.delete`."""
        if "@" in request.name:
            raise invalid(
                f"{request.name!r} names a version: delete it with deleteVersion, or leave "
                "'@...' out to delete the Model with all its versions."
            )
        self._store.get(types.Model, request.name)
        self._versions.check_unused(request.name)
        return await self._quick(
            request.name, self._delete(request.name), types.DeleteOperationMetadata()
        )

    async def delete_version(self, request: types.DeleteModelVersionRequest) -> Any:
        """Answer `models.deleteVersion`."""
        if "@" not in request.name:
            raise invalid(f"{request.name!r} names no version: add '@<version id>'.")
        self._versions.remove(request.name)
        return await self._quick(
            request.name.partition("@")[0], _nothing(), types.DeleteOperationMetadata()
        )

    async def _quick(self, name: str, work: Any, metadata: Any) -> Any:
        return await self._operations.settle(self._operations.start(name, work, metadata))

    async def _delete(self, name: str) -> empty_pb2.Empty:
        self._versions.drop(name)
        return empty_pb2.Empty()


def _numbered(version: types.Model) -> types.Model:
    """Give a version with its id in its name, as whoever asks for a version gets it."""
    named = types.Model(version)
    named.name = f"{version.name}@{version.version_id}"
    return named


def _of_version(name: str) -> bool:
    """Tell whether a name is that of a version; `@-` stands for none."""
    return "@" in name and not name.endswith("@-")


async def _uploaded(version: types.Model) -> types.UploadModelResponse:
    return types.UploadModelResponse(model=version.name, model_version_id=version.version_id)


async def _nothing() -> empty_pb2.Empty:
    return empty_pb2.Empty()
