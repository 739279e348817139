"""The prebuilt serving images: which framework, and which version of it, an image serves."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from vertex_flow.engine.api.errors import failed_precondition

# Every region has them under <region>-docker.pkg.dev; the oldest names are gcr.io's. An example is
# us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest.
_PREBUILT = re.compile(
    r"(?:^|/)(?:vertex-ai(?:-restricted)?|cloud-aiplatform)/prediction/"
    r"(?P<family>[a-z0-9_]+)(?:-\w+)?(?:\.(?P<version>[0-9]+(?:-[0-9]+)*))?"
)
_FRAMEWORKS = {
    "tf2": "tensorflow",
    "tf": "tensorflow",
    "tf_opt": "tensorflow",
    "sklearn": "sklearn",
    "xgboost": "xgboost",
}
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def is_prebuilt(image_uri: str) -> bool:
    """Tell whether an image is one of Vertex AI's prebuilt ones, of whatever framework."""
    return _PREBUILT.search(image_uri) is not None


def prebuilt_framework(image_uri: str) -> str | None:
    """Tell the framework of a prebuilt serving image.

    Args:
        image_uri: For example `us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest`.

    Returns:
        `tensorflow`, `sklearn` or `xgboost`; None for any other image.

    Raises:
        ApiError: FAILED_PRECONDITION for a prebuilt image of another framework.
    """
    match = _PREBUILT.search(image_uri)
    if match is None:
        return None
    if match["family"] not in _FRAMEWORKS:
        raise failed_precondition(
            f"The local engine has no server for the prebuilt image {image_uri}: it serves those "
            "of TensorFlow (tf2-*), scikit-learn (sklearn-*) and XGBoost (xgboost-*). Set "
            "container_spec.command to a server of your own."
        )
    return _FRAMEWORKS[match["family"]]


def version_note(image_uri: str) -> str:
    """Say which version of its framework a prebuilt image has, where another one is here.

    Returns:
        For example `, with sklearn 1.7.2 in place of 1.5`; empty when both are the same.
    """
    match = _PREBUILT.search(image_uri)
    framework = _FRAMEWORKS.get(match["family"]) if match else None
    if match is None or framework is None or not match["version"]:
        return ""
    asked = match["version"].replace("-", ".")
    try:
        here = version(_DISTRIBUTIONS.get(framework, framework))
    except PackageNotFoundError:
        return ""
    same = f"{here}.".startswith(f"{asked}.")
    return "" if same else f", with {framework} {here} in place of {asked}"
