"""What may enter the registry: names, files and images of models."""

from __future__ import annotations

import re

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import already_exists, failed_precondition, invalid
from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.models.images import is_prebuilt
from vertex_flow.engine.models.versions import check_aliases
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

EXPORT_FORMAT = "custom-trained"
_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")


def new_name(store: Store, parent: str, *, model_id: str, parent_model: str) -> str:
    """Give the name of a model that is uploaded or copied.

    Args:
        store: The registry.
        parent: The location, `projects/P/locations/L`.
        model_id: The id that the user chose, or empty.
        parent_model: The model that gets a new version, or empty.

    Raises:
        ApiError: INVALID_ARGUMENT, NOT_FOUND or ALREADY_EXISTS.
    """
    if parent_model:
        name = parent_model.partition("@")[0]
        if not name.startswith(f"{parent}/models/"):
            raise invalid(f'parent_model "{parent_model}" is not a Model of "{parent}".')
        store.get(types.Model, name)
        return name
    if model_id and not _ID.fullmatch(model_id):
        raise invalid(
            f"model_id {model_id!r} is invalid: use up to 63 lower-case letters, digits, hyphens "
            "and underscores, no digit or hyphen first."
        )
    name = f"{parent}/models/{model_id or store.new_id()}"
    if store.find(types.Model, name) is not None:
        raise already_exists(
            f'The Model "{name}" already exists: set parent_model to add a version to it.'
        )
    return name


def check_model(model: types.Model) -> None:
    """Refuse a model that Vertex AI refuses, whatever its files are.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    check_display_name(model.display_name, required=True)
    check_labels(model.labels)
    check_aliases(model.version_aliases)
    if not model.container_spec.image_uri:
        raise invalid(
            "model.container_spec.image_uri is required: the image that serves the model, for "
            "example us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest."
        )


def check_files(home: Home, model: types.Model) -> None:
    """Refuse a model whose files are not there.

    Raises:
        ApiError: INVALID_ARGUMENT or FAILED_PRECONDITION.
    """
    if model.artifact_uri:
        _check_folder(home, model.artifact_uri)
    elif is_prebuilt(model.container_spec.image_uri):
        raise invalid(
            "model.artifact_uri is required for the prebuilt image "
            f"{model.container_spec.image_uri}: the folder that holds the model."
        )


def completed(model: types.Model) -> types.Model:
    """Give what was uploaded with the fields that Vertex AI fills in."""
    model = types.Model(model)
    for field in ("original_model_info", "model_source_info"):
        raw(model).ClearField(field)
    model.supported_deployment_resources_types = [
        types.Model.DeploymentResourcesType.DEDICATED_RESOURCES
    ]
    formats = ["jsonl", "csv", "tf-record", "tf-record-gzip", "file-list"]
    model.supported_input_storage_formats = formats
    model.supported_output_storage_formats = ["jsonl"]
    artifact = types.Model.ExportFormat.ExportableContent.ARTIFACT
    exportable = types.Model.ExportFormat(id=EXPORT_FORMAT, exportable_contents=[artifact])
    model.supported_export_formats = [exportable] if model.artifact_uri else []
    model.model_source_info.source_type = types.ModelSourceInfo.ModelSourceType.CUSTOM
    return model


def _check_folder(home: Home, uri: str) -> None:
    folder = home.path(uri)
    missing = f'There are no files under "{uri}" to copy: {folder}'
    if not folder.is_dir():
        raise failed_precondition(f"{missing} is not a folder.")
    if next(folder.iterdir(), None) is None:
        raise failed_precondition(f"{missing} is empty.")
