"""Finds the model that a new version is added to."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from google_cloud_pipeline_components.types.artifact_types import VertexModel
from kfp import dsl
from kfp.dsl import Output

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._vertex import newest_named, resource_uri, vertex_access, vertex_client


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[newest_named, resource_uri, vertex_access, vertex_client],
)
def find_model(
    display_name: str,
    project: str,
    location: str,
    parent_model: Output[VertexModel],
) -> None:
    """Finds the newest model with exactly this display name in the Model Registry.

    Do not cache this task: its answer changes with the registry.

    Args:
        display_name: Display name of the model.
        project: Project of the registry, id or number.
        location: Region of the registry, for example us-central1.

    Returns:
        parent_model: The model, for the input parent_model of ModelUploadOp, which adds a version
            to it. When there is none its resourceName is "@", of which ModelUploadOp takes the
            part before the "@": no parent, so that it creates a model.
    """
    import json

    models = vertex_client("ModelServiceClient", location).list_models(
        request={
            "parent": f"projects/{project}/locations/{location}",
            "filter": f"display_name={json.dumps(display_name, ensure_ascii=False)}",
        }
    )
    model = newest_named(models, display_name)
    # Not the empty text: whether a pipeline hands an empty metadata value on is not documented.
    parent_model.metadata["resourceName"] = model.name if model else "@"
    if model:
        parent_model.uri = resource_uri(model.name)
    print(f"{display_name!r}: {model.name if model else 'no model of this name yet'}")  # noqa: T201 - the task's log


FindModelOp = find_model
