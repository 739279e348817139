"""The source code of trainers on this machine: where it is, and a digest of what it says."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vertex_flow.modules import files_of, folder_of
from vertex_flow.training import Trainer


def local_image(trainer: Trainer) -> str:
    """Name a trainer's source code as the local engine takes it for a training image.

    Args:
        trainer: The trainer.

    Returns:
        `file:///folder@sha256:digest`; the digest changes when a file of the package does, or one
        of the modules and packages beside it that its code imports, so that results of older
        code are not reused.

    Raises:
        SettingError: The module is neither in the trainer's source folder nor on Python's path.
    """
    folder = folder_of(trainer.module, trainer.source)
    return f"{folder.as_uri()}@sha256:{_digest(folder, trainer.module.partition('.')[0])}"


def _digest(folder: Path, package: str) -> str:
    digest = hashlib.sha256()
    for file in files_of(folder, package):
        digest.update(file.relative_to(folder).as_posix().encode())
        digest.update(b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
