"""What a run runs in: Python and its packages on this machine, images and identity in the cloud."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from typing import Any

from vertex_flow._version import __version__
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.structs import mapping

_PACKAGES = (
    "kfp",
    "google-cloud-pipeline-components",
    "google-cloud-aiplatform",
    "optuna",
    "numpy",
    "pandas",
    "scikit-learn",
    "tensorflow",
    "keras",
    "torch",
    "jax",
    "xgboost",
    "lightgbm",
)
_IMAGES = 20


def local_environment() -> dict[str, str]:
    """Say what runs on this machine run in, as far as it is installed beside this program."""
    found = {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processors": str(os.cpu_count() or "unknown"),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "vertex_flow": __version__,
    }
    return {**found, **dict(_versions())}


def cloud_environment(snapshot: Snapshot) -> dict[str, str]:
    """Say what a run in the cloud runs in: its identity and the images of its tasks.

    Args:
        snapshot: The run.
    """
    account = snapshot.service_account or "Compute Engine's default account"
    found = {"service account": account, "vertex_flow here": __version__}
    for number, image in enumerate(images_of(snapshot)[:_IMAGES], start=1):
        found[f"image {number}"] = image
    return found


def images_of(snapshot: Snapshot) -> list[str]:
    """Give the images that the tasks of a pipeline run in, each once.

    Args:
        snapshot: The run.
    """
    executors = mapping(mapping(snapshot.spec.get("deploymentSpec")).get("executors"))
    images: list[Any] = [
        mapping(mapping(one).get("container")).get("image") for one in executors.values()
    ]
    return list(dict.fromkeys(str(image) for image in images if image))


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
