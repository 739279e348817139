"""The files of a model, in the folder that `AIP_STORAGE_URI` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vertex_flow.errors import VertexFlowError


class ModelLoadError(VertexFlowError, RuntimeError):
    """The model cannot be served: its files or its framework are missing or broken."""


def model_folder(artifacts_uri: str | None) -> Path:
    """Find the folder that holds a model.

    Args:
        artifacts_uri: The value of `AIP_STORAGE_URI`: an absolute local path.

    Returns:
        The folder, which exists.

    Raises:
        ModelLoadError: There is no such folder.
    """
    if not artifacts_uri:
        raise ModelLoadError(
            "AIP_STORAGE_URI is not set, so there is no model to load: upload the model with "
            "artifact_uri=<folder of the model>."
        )
    folder = Path(artifacts_uri)
    if not folder.is_dir():
        raise ModelLoadError(f"the model's folder {folder} does not exist.")
    return folder


def model_file(folder: Path, names: Sequence[str], *, framework: str) -> Path:
    """Find the first of several file names in a model's folder.

    Args:
        folder: The model's folder.
        names: File names, the preferred one first.
        framework: What the error calls the model, for example `scikit-learn`.

    Returns:
        The path of the file, which exists.

    Raises:
        ModelLoadError: None of them is there; the text lists what is.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    there = sorted(entry.name for entry in folder.iterdir())[:10]
    raise ModelLoadError(
        f"{folder} holds no {framework} model: expected {' or '.join(names)}, "
        f"found {', '.join(there) or 'nothing'}."
    )
