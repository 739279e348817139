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
        found: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not valid TOML: {error}.") from error
    except RecursionError as error:
        raise SettingError(f"{path} is not valid TOML: it is nested too deeply.") from error
    except ValueError as error:  # half a letter, or a character that no name of a file has
        raise SettingError(f"{str(path)!r} is no name of a file: {error}.") from error
    return found


def below(found: Any, *keys: str) -> Any:
    """Give what stands below some tables, one in the other; None where there is nothing.

    Args:
        found: What a file holds.
        keys: Names of the tables, the outermost first, and of the value.
    """
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def nearest_pyproject() -> Path | None:
    """Find `pyproject.toml` in the working directory or above it."""
    folder = Path.cwd()
    for one in (folder, *folder.parents):
        if (one / "pyproject.toml").is_file():
            return one / "pyproject.toml"
    return None
