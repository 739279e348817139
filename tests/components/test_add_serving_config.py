from typing import Any

import pytest
from google.cloud.aiplatform_v1 import ModelContainerSpec
from google.protobuf import json_format
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from kfp.dsl import Model

from vertex_flow.components import AddServingConfigOp


def served(**settings: Any) -> UnmanagedContainerModel:
    serving_model = UnmanagedContainerModel()
    settings = {"serving_image": "image"} | settings
    AddServingConfigOp.python_func(
        model=Model(uri="gs://b/model"), serving_model=serving_model, **settings
    )
    return serving_model


FULL: dict[str, Any] = {
    "predict_route": "/predict",
    "health_route": "/health",
    "port": 8080,
    "command": ["python"],
    "args": ["--x"],
    "env": {"A": 1},
}


def test_the_model_keeps_its_uri() -> None:
    assert served().uri == "gs://b/model"


def test_empty_settings_are_left_out() -> None:
    assert served().metadata == {"containerSpec": {"imageUri": "image"}}


def test_all_settings_are_in_the_container_spec() -> None:
    assert served(**FULL).metadata["containerSpec"] == {
        "imageUri": "image",
        "command": ["python"],
        "args": ["--x"],
        "env": [{"name": "A", "value": "1"}],
        "ports": [{"containerPort": 8080}],
        "predictRoute": "/predict",
        "healthRoute": "/health",
    }


def test_the_container_spec_is_what_vertex_ai_understands() -> None:
    spec = served(**FULL).metadata["containerSpec"]
    message = json_format.ParseDict(spec, ModelContainerSpec.pb(ModelContainerSpec()))
    assert message.ports[0].container_port == 8080


def test_an_empty_image_is_refused() -> None:
    with pytest.raises(ValueError, match="serving_image is empty: name the image that serves"):
        served(serving_image="")


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="port is 70000: expected 1 to 65535, or 0 for"):
        served(port=70000)
