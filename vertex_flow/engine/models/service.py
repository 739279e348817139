"""Models: upload, versions, aliases."""

from __future__ import annotations

import re
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition, invalid
from vertex_flow.engine.api.masks import checked_paths, copy_fields, masked
from vertex_flow.engine.api.rpc import Handler, Rpc
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.models.versions import Versions, check_aliases
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError

FIELDS: dict[str, Level] = {
    "Model.artifact_uri": HONOURED,
    "Model.container_spec": HONOURED,
    "Model.container_spec.grpc_ports": REFUSED,
    "Model.container_spec.health_probe": SIMULATED,
    "Model.container_spec.invoke_route_prefix": REFUSED,
    "Model.container_spec.liveness_probe": SIMULATED,
    "Model.container_spec.ports": SIMULATED,
    "Model.container_spec.shared_memory_size_mb": SIMULATED,
    "Model.container_spec.startup_probe": SIMULATED,
    "Model.deployed_models": HONOURED,
    "Model.description": HONOURED,
    "Model.display_name": HONOURED,
    "Model.encryption_spec": SIMULATED,
    "Model.explanation_spec": REFUSED,
    "Model.labels": HONOURED,
    "Model.metadata": SIMULATED,
    "Model.metadata_artifact": SIMULATED,
    "Model.metadata_schema_uri": SIMULATED,
    "Model.model_source_info": SIMULATED,
    "Model.original_model_info": SIMULATED,
    "Model.pipeline_job": SIMULATED,
    "Model.predict_schemata": SIMULATED,
    "Model.supported_deployment_resources_types": HONOURED,
    "Model.supported_export_formats": HONOURED,
    "Model.supported_input_storage_formats": HONOURED,
    "Model.supported_output_storage_formats": HONOURED,
    "Model.training_pipeline": SIMULATED,
    "Model.version_aliases": HONOURED,
    "Model.version_create_time": HONOURED,
    "Model.version_description": HONOURED,
    "Model.version_id": HONOURED,
    "Model.version_update_time": HONOURED,
}
NOTES: dict[str, str] = {
    "Model.container_spec": "image_uri of a prebuilt Vertex AI image chooses the model server of "
    "that framework; of any other image, command and args are run in this environment.",
    "Model.container_spec.ports": "Servers share one machine: each gets a free port, in "
    "AIP_HTTP_PORT.",
    "Model.deployed_models": "Set by the engine; not read from requests.",
    "Model.version_id": "Set by the engine; not read from requests.",
}

_LOCATION = "projects/*/locations/*"
_MODEL = f"{_LOCATION}/models/*"
_OF_MODEL = frozenset({"description", "display_name", "labels"})
_OF_VERSION = frozenset({"labels", "version_description"})
_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
_PREBUILT = re.compile(r"(?:^|/)vertex-ai(?:-restricted)?/prediction/")


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

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of models."""
        handlers: dict[str, Handler] = {
            "upload": self.upload,
            "get": self.get,
            "list": self.list,
            "listVersions": self.list_versions,
            "patch": self.patch,
            "mergeVersionAliases": self.merge_version_aliases,
            "deleteVersion": self.delete_version,
            "delete": self.delete,
        }
        return [(rpc, handlers[rpc.id.rpartition(".")[2]]) for rpc in _rpcs()]

    def recover(self) -> None:
        """Put right what a killed engine left half done."""
        self._versions.repair()

    async def upload(self, request: types.UploadModelRequest) -> Any:
        """Answer `models.upload`: a new model, or with `parent_model` a new version of one."""
        name = self.check_upload(request)
        self._check_files(request.model)
        return await self._quick(
            name, self._upload(name, request.model), types.UploadModelOperationMetadata()
        )

    def check_upload(self, request: types.UploadModelRequest) -> str:
        """Refuse an upload that cannot be, whatever its files are.

        Returns:
            The name that the model has, or gets.

        Raises:
            ApiError: The registry does not take it.
        """
        self._check(request.model)
        return self._name(request)

    def register(self, request: types.UploadModelRequest) -> types.Model:
        """Store at once what `upload` stores in an operation.

        Returns:
            The version as callers see it.

        Raises:
            ApiError: The registry does not take it, or its files are not there.
        """
        name = self.check_upload(request)
        self._check_files(request.model)
        return self._versions.add(name, _uploaded(request.model))

    async def get(self, request: types.GetModelRequest) -> types.Model:
        """Answer `models.get`: a version by id or alias, else the default one."""
        return self._versions.get(request.name)

    async def list(self, request: types.ListModelsRequest) -> types.ListModelsResponse:
        """Answer `models.list`: the default version of each model."""
        found, token = self._store.list(
            types.Model,
            request.parent,
            filter=request.filter,
            page_size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        shown = [masked(self._versions.shown(model), request.read_mask) for model in found]
        return types.ListModelsResponse(models=shown, next_page_token=token)

    async def list_versions(
        self, request: types.ListModelVersionsRequest
    ) -> types.ListModelVersionsResponse:
        """Answer `models.listVersions`."""
        self._store.get(types.Model, request.name)
        found, token = self._store.list(
            types.Model,
            request.name,
            filter=request.filter,
            page_size=request.page_size,
            page_token=request.page_token,
            order_by=request.order_by,
        )
        shown = [masked(self._versions.shown(model), request.read_mask) for model in found]
        return types.ListModelVersionsResponse(models=shown, next_page_token=token)

    async def patch(self, request: types.UpdateModelRequest) -> types.Model:
        """Answer `models.patch`: of the model, or with `@<version>` in its name of that version."""
        name = request.model.name
        versioned = "@" in name and not name.endswith("@-")
        kind = "model version" if versioned else "Model"
        allowed = _OF_VERSION if versioned else _OF_MODEL
        paths = checked_paths(request.update_mask, allowed, kind=kind)
        if "display_name" in paths:
            _check_display_name(request.model.display_name)
        return self._versions.update(
            name, lambda version: copy_fields(request.model, version, paths)
        )

    async def merge_version_aliases(self, request: types.MergeVersionAliasesRequest) -> types.Model:
        """Answer `models.mergeVersionAliases`."""
        return self._versions.merge_aliases(request.name, request.version_aliases)

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

    async def _upload(self, name: str, model: types.Model) -> types.UploadModelResponse:
        version = self._versions.add(name, _uploaded(model))
        return types.UploadModelResponse(model=name, model_version_id=version.version_id)

    async def _delete(self, name: str) -> empty_pb2.Empty:
        self._versions.drop(name)
        return empty_pb2.Empty()

    def _name(self, request: types.UploadModelRequest) -> str:
        if request.parent_model:
            name: str = request.parent_model.partition("@")[0]
            self._store.get(types.Model, name)
            return name
        if request.model_id and not _ID.fullmatch(request.model_id):
            raise invalid(
                f"model_id {request.model_id!r} is invalid: use up to 63 lower-case letters, "
                "digits, hyphens and underscores, no digit or hyphen first."
            )
        name = f"{request.parent}/models/{request.model_id or self._store.new_id()}"
        if self._store.find(types.Model, name) is not None:
            raise ApiError(
                409,
                "ALREADY_EXISTS",
                f'The Model "{name}" already exists: set parent_model to add a version to it.',
            )
        return name

    def _check(self, model: types.Model) -> None:
        _check_display_name(model.display_name)
        check_aliases(model.version_aliases)
        if not model.container_spec.image_uri:
            raise invalid(
                "model.container_spec.image_uri is required: the image that serves the model, "
                "for example us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest."
            )

    def _check_files(self, model: types.Model) -> None:
        if model.artifact_uri:
            self._check_artifact(model.artifact_uri)
        elif _PREBUILT.search(model.container_spec.image_uri):
            raise invalid(
                "model.artifact_uri is required for the prebuilt image "
                f"{model.container_spec.image_uri}: the folder that holds the model."
            )

    def _check_artifact(self, uri: str) -> None:
        folder = self._home.path(uri)
        if not folder.is_dir():
            raise failed_precondition(
                f'There are no files under "{uri}" to copy: {folder} is not a folder.'
            )
        if next(folder.iterdir(), None) is None:
            raise failed_precondition(
                f'There are no files under "{uri}" to copy: {folder} is empty.'
            )


def _rpcs() -> list[Rpc]:
    many, one = f"/v1/{{parent={_LOCATION}}}/models", f"/v1/{{name={_MODEL}}}"
    patched = f"/v1/{{model.name={_MODEL}}}"
    rows: tuple[tuple[str, str, str, type[Any], str], ...] = (
        ("upload", "POST", f"{many}:upload", types.UploadModelRequest, "*"),
        ("get", "GET", one, types.GetModelRequest, ""),
        ("list", "GET", many, types.ListModelsRequest, ""),
        ("listVersions", "GET", f"{one}:listVersions", types.ListModelVersionsRequest, ""),
        ("patch", "PATCH", patched, types.UpdateModelRequest, "model"),
        (
            "mergeVersionAliases",
            "POST",
            f"{one}:mergeVersionAliases",
            types.MergeVersionAliasesRequest,
            "*",
        ),
        ("deleteVersion", "DELETE", f"{one}:deleteVersion", types.DeleteModelVersionRequest, ""),
        ("delete", "DELETE", one, types.DeleteModelRequest, ""),
    )
    return [
        Rpc(id=f"projects.locations.models.{name}", verb=verb, path=path, request=kind, body=body)
        for name, verb, path, kind, body in rows
    ]


def _uploaded(model: types.Model) -> types.Model:
    """Give what was uploaded with the fields that Vertex AI fills in."""
    model = types.Model(model)
    model.supported_deployment_resources_types = [
        types.Model.DeploymentResourcesType.DEDICATED_RESOURCES
    ]
    model.supported_input_storage_formats = ["jsonl", "csv", "file-list"]
    model.supported_output_storage_formats = ["jsonl"]
    model.model_source_info.source_type = types.ModelSourceInfo.ModelSourceType.CUSTOM
    return model


def _check_display_name(name: str) -> None:
    if not name:
        raise invalid("display_name is required.")
    if len(name) > 128:
        raise invalid(f"display_name has {len(name)} characters; at most 128 are allowed.")


async def _nothing() -> empty_pb2.Empty:
    return empty_pb2.Empty()
