from __future__ import annotations

import pytest

from vertex_flow.engine.models.images import is_prebuilt, prebuilt_framework, version_note
from vertex_flow.errors import ApiError

PREBUILT = "us-docker.pkg.dev/vertex-ai/prediction/"


@pytest.mark.parametrize(
    ("image_uri", "framework"),
    [
        (f"{PREBUILT}tf2-cpu.2-15:latest", "tensorflow"),
        ("europe-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-15:latest", "tensorflow"),
        ("asia-docker.pkg.dev/vertex-ai-restricted/prediction/tf_opt-cpu.2-15", "tensorflow"),
        ("gcr.io/cloud-aiplatform/prediction/tf2-cpu.2-3:latest", "tensorflow"),
        (f"{PREBUILT}sklearn-cpu.1-5:latest", "sklearn"),
        (f"{PREBUILT}xgboost-cpu.2-1@sha256:00", "xgboost"),
        ("us-docker.pkg.dev/acme/prediction/tf2-cpu:1", None),
    ],
)
def test_the_image_names_the_framework(image_uri: str, framework: str | None) -> None:
    assert prebuilt_framework(image_uri) == framework


def test_a_prebuilt_image_of_another_framework_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        prebuilt_framework(f"{PREBUILT}pytorch-cpu.2-4:latest")

    assert caught.value.message == (
        f"The local engine has no server for the prebuilt image {PREBUILT}pytorch-cpu.2-4:latest: "
        "it serves those of TensorFlow (tf2-*), scikit-learn (sklearn-*) and XGBoost (xgboost-*). "
        "Set container_spec.command to a server of your own."
    )


def test_a_prebuilt_image_of_another_framework_is_prebuilt_all_the_same() -> None:
    assert is_prebuilt(f"{PREBUILT}pytorch-cpu.2-4:latest")


def test_another_version_of_the_framework_is_noted() -> None:
    assert version_note(f"{PREBUILT}sklearn-cpu.0-23:latest").endswith(" in place of 0.23")


@pytest.mark.parametrize("image", ["sklearn-cpu", "no-framework.0-1", "pytorch-cpu.2-4"])
def test_without_a_version_of_a_framework_nothing_is_noted(image: str) -> None:
    assert version_note(f"{PREBUILT}{image}:latest") == ""
