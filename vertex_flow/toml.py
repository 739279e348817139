"""TOML files: read, and found from the working directory upwards."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vertex_flow.errors import SettingError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports] - only there on 3.10


def load(path: Path) -> Mapping[str, Any]:
    """Read a TOML file.

    Raises:
        SettingError: It cannot be read, or is none.
    """
    try:
        found: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not valid TOML: {error}.") from error
    return found


def nearest_pyproject() -> Path | None:
    """Find `pyproject.toml` in the working directory or above it."""
    folder = Path.cwd()
    for one in (folder, *folder.parents):
        if (one / "pyproject.toml").is_file():
            return one / "pyproject.toml"
    return None
