"""Put a model into the Vertex AI model registry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from google_cloud_pipeline_components.types.artifact_types import VertexModel
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from kfp.dsl import Model

from vertex_flow.components import AddServingConfigOp, FindModelOp
from vertex_flow.contract import Inputs, Outputs, Stage, as_texts, stage
from vertex_flow.errors import SettingError
from vertex_flow.names import check_labels
from vertex_flow.ports import In, Out, Value
from vertex_flow.stages import _training

TENSORFLOW_SERVING_IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"
"""Google's newest prebuilt serving image for TensorFlow 2 models on CPUs."""

_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")


def _check_aliases(_: Any, __: Any, aliases: Sequence[str]) -> None:
    for alias in aliases:
        if not _ALIAS.fullmatch(alias):
            raise SettingError(
                f"Register(aliases=[{alias!r}]): an alias is 2 to 128 letters, digits and "
                "hyphens, a lower-case letter first, no hyphen or capital last."
            )


def _check_text(_: Any, attribute: attrs.Attribute[Any], text: Any) -> None:
    if isinstance(text, str) and set('"\\') & set(text):
        raise SettingError(
            f"Register({attribute.name}={text!r}): Google's component writes the text into its "
            'request as it is, so it cannot hold a " or a backslash.'
        )


def _check_labels(_: Any, __: Any, labels: Mapping[str, str]) -> None:
    check_labels("Register", labels)


def _check_port(_: Any, __: Any, port: Any) -> None:
    if isinstance(port, int) and not 0 <= port <= 65535:
        raise SettingError(f"Register(port={port!r}): expected 1 to 65535, or 0 for 8080.")


@stage
class Register(Stage):
    """Add the serving configuration and upload the model to the model registry.

    A model of that display name gets a new version; otherwise the model is new.

    Attributes:
        model: The model to register.
        display_name: Name in the registry, up to 128 characters; by default the flow's name.
        description: Text shown beside it.
        default: Whether this version becomes the model's default version.
        aliases: Further aliases of this version; taken from any older version that has them.
        labels: Labels of the model.
        serving_image: URI of the container image that serves the model.
        predict_route: HTTP path of predictions; empty for the image's own.
        health_route: HTTP path of the health check; empty for the image's own.
        port: Port of the server; 0 for 8080.
        command: Replaces the image's entry point.
        args: Replaces the image's arguments.
        env: Environment variables of the server.
        vertex_model: The registered version.
    """

    model: In[Model] = In()
    display_name: Value[str] = attrs.field(default="", validator=_check_text)
    description: Value[str] = attrs.field(default="", validator=_check_text)
    default: bool = True
    aliases: Sequence[str] = attrs.field(default=(), converter=as_texts, validator=_check_aliases)
    labels: Mapping[str, str] = attrs.field(factory=dict, validator=_check_labels)
    serving_image: Value[str] = TENSORFLOW_SERVING_IMAGE
    predict_route: Value[str] = ""
    health_route: Value[str] = ""
    port: Value[int] = attrs.field(default=0, validator=_check_port)
    command: Sequence[str] = attrs.field(default=(), converter=as_texts)
    args: Sequence[str] = attrs.field(default=(), converter=as_texts)
    env: Mapping[str, str] = attrs.field(factory=dict)
    vertex_model = Out(VertexModel)

    def emit(self, io: Inputs) -> Outputs:
        """Add the serving configuration, look for the model's name, upload."""
        display_name = io.display_name or io.flow
        serving = AddServingConfigOp(
            model=io.model,
            serving_image=io.serving_image,
            predict_route=io.predict_route,
            health_route=io.health_route,
            port=io.port,
            command=list(self.command),
            args=list(self.args),
            env=dict(self.env),
        )
        found = FindModelOp(
            display_name=display_name, project=_training.PROJECT, location=_training.LOCATION
        ).set_caching_options(False)
        upload = ModelUploadOp(
            project=_training.PROJECT,
            location=_training.LOCATION,
            display_name=display_name,
            description=io.description,
            parent_model=found.outputs["parent_model"],
            unmanaged_container_model=serving.outputs["serving_model"],
            version_aliases=(["default"] if self.default else []) + list(self.aliases),
            labels=_training.labels(io, self.labels),
        ).set_caching_options(False)  # each run registers a version, also of an unchanged model
        return {"vertex_model": upload.outputs["model"]}
