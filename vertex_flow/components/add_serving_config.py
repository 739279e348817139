"""Adds to a model how it is served."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: B006, PLR0917 - KFP calls by name, and writes the defaults into what it compiles
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from typing import Any

from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from kfp import dsl
from kfp.dsl import Input, Model, Output

from vertex_flow.components._images import GCPC_IMAGE


@dsl.component(base_image=GCPC_IMAGE, install_kfp_package=False)
def add_serving_config(
    model: Input[Model],
    serving_image: str,
    serving_model: Output[UnmanagedContainerModel],
    predict_route: str = "",
    health_route: str = "",
    port: int = 0,
    command: list[str] = [],
    args: list[str] = [],
    env: dict[str, Any] = {},
) -> None:
    """Adds to a trained model the container that serves it, as ModelUploadOp expects it.

    Args:
        model: The trained model: a folder in the form that the serving image reads.
        serving_image: Image of the model server, for example one of Vertex AI's prebuilt images.
        predict_route: HTTP path of predictions, for example /predict. Empty: the image's default.
        health_route: HTTP path of health checks, for example /health. Empty: the image's default.
        port: Port that the container listens on, 1 to 65535. 0: the image's default.
        command: Entry point of the container, in place of the image's own.
        args: Arguments of the entry point.
        env: Environment variables of the container.

    Returns:
        serving_model: The model and how it is served, for the input unmanaged_container_model of
            ModelUploadOp.
    """
    if not serving_image:
        raise ValueError(
            "serving_image is empty: name the image that serves the model, for example a "
            "prebuilt prediction image of Vertex AI."
        )
    if not 0 <= port <= 65535:
        raise ValueError(f"port is {port}: expected 1 to 65535, or 0 for the image's default.")
    container_spec = {
        "imageUri": serving_image,
        "command": command,
        "args": args,
        "env": [{"name": key, "value": str(value)} for key, value in env.items()],
        "ports": [{"containerPort": int(port)}] if port else [],
        "predictRoute": predict_route,
        "healthRoute": health_route,
    }
    serving_model.uri = model.uri
    serving_model.metadata["containerSpec"] = {
        key: value for key, value in container_spec.items() if value
    }


AddServingConfigOp = add_serving_config
