"""Copies of models: in the registry, and as files in a bucket."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition, invalid
from vertex_flow.engine.models.uploads import check_files, new_name
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.names import Resource


class Copies:
    """Copies models.

    Args:
        home: Resolves URIs.
        store: The registry.
        versions: The models' versions.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(
        self, home: Home, store: Store, versions: Versions, operations: Operations
    ) -> None:
        self._home = home
        self._store = store
        self._versions = versions
        self._operations = operations

    async def copy(self, request: types.CopyModelRequest) -> Any:
        """Answer `models.copy`: a version becomes a new model, or a new version of another one."""
        source = self._versions.get(request.source_model)
        here, there = Resource.parse(source.name).project, request.parent.split("/")[1]
        if here != there:
            raise invalid(
                f'source_model "{request.source_model}" is of the project {here!r}; a Model is '
                f"copied within its project, and parent is of {there!r}."
            )
        name = new_name(
            self._store,
            request.parent,
            model_id=request.model_id,
            parent_model=request.parent_model,
        )
        operation = self._operations.start(
            name, self._copy(name, source), types.CopyModelOperationMetadata()
        )
        return await self._operations.settle(operation)

    async def export(self, request: types.ExportModelRequest) -> Any:
        """Answer `models.export`: the model's files are copied to a folder of their own."""
        model = self._versions.get(request.name)
        config = request.output_config
        formats = [each.id for each in model.supported_export_formats]
        if not formats:
            raise failed_precondition(
                f'The Model "{request.name}" cannot be exported: it has no artifact_uri.'
            )
        chosen = config.export_format_id or formats[0]
        if chosen not in formats:
            raise invalid(
                f"output_config.export_format_id {chosen!r} is not a format of the Model "
                f'"{request.name}": {", ".join(formats)}.'
            )
        prefix = config.artifact_destination.output_uri_prefix
        if not prefix:
            raise invalid(
                "output_config.artifact_destination.output_uri_prefix is required, for example "
                "gs://acme-ml/exports."
            )
        now = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
        uri = f"{prefix.rstrip('/')}/model-{Resource.parse(model.name).id}/{chosen}/{now}"
        check_files(self._home, model)
        work = _export(self._home.path(model.artifact_uri), self._home.path(uri))
        info = types.ExportModelOperationMetadata.OutputInfo(artifact_output_uri=uri)
        operation = self._operations.start(
            model.name, work, types.ExportModelOperationMetadata(output_info=info)
        )
        return await self._operations.settle(operation)

    async def _copy(self, name: str, source: types.Model) -> types.CopyModelResponse:
        copied = types.Model(source)
        copied.version_aliases = []
        copied.deployed_models = []
        copied.original_model_info.model = source.name
        copied.model_source_info.copy = True
        version = self._versions.add(name, copied)
        return types.CopyModelResponse(model=name, model_version_id=version.version_id)


async def _export(source: Path, target: Path) -> types.ExportModelResponse:
    await asyncio.to_thread(copy_folder, source, target)
    return types.ExportModelResponse()


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder; whoever looks finds all of it, or nothing.

    Raises:
        OSError: A file cannot be read or written.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        shutil.copytree(source, draft, ignore_dangling_symlinks=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
