"""Contexts under names, in `pyproject.toml` or a TOML file of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs

from vertex_flow.errors import SettingError, nearest
from vertex_flow.settings import path_of
from vertex_flow.toml import below, load, nearest_pyproject

T = TypeVar("T")

# What a file cannot say: credentials are an object, and secrets do not belong there.
_NOT_IN_FILES = ("credentials",)


def read(kind: type[T], name: str, file: str | Path | None = None) -> T:
    """Make an object of a class from a profile.

    Args:
        kind: The attrs class, `GcpContext`.
        name: Name of the profile.
        file: The file; by default the nearest `pyproject.toml`, from the working directory
            upwards.

    Raises:
        SettingError: There is no such file or profile, or a key or value is wrong.
    """
    if not isinstance(name, str):
        raise SettingError(f"GcpContext.from_profile({name!r}): expected the name of a profile.")
    call = "GcpContext.from_profile(file="
    path = path_of(call, file, "a file") if file is not None else _nearest_pyproject()
    profiles = _profiles(path)
    if name not in profiles:
        raise SettingError(
            f"{path} has no profile {name!r}; it has {', '.join(profiles) or 'none'}."
            + (nearest(name, list(profiles)) or f" Write a table [{_table(path)}.{name}].")
        )
    settings = profiles[name]
    known = _arguments(kind)
    for key, value in settings.items():
        _check(path, name, key, value, known)
    try:
        return kind(**settings)
    except SettingError as error:
        raise SettingError(f"{path}, profile {name!r}: {error}") from error


def profiles_of() -> Mapping[str, Mapping[str, Any]]:
    """Give the profiles of the nearest `pyproject.toml`, by name; as they stand there, unchecked.

    Raises:
        SettingError: There is no such file, or it cannot be read.
    """
    return _profiles(_nearest_pyproject())


def _nearest_pyproject() -> Path:
    found = nearest_pyproject()
    if found is None:
        raise SettingError(
            f"there is no pyproject.toml in {Path.cwd()} or above it. Give the file: "
            "GcpContext.from_profile(name, 'contexts.toml')."
        )
    return found


def _table(path: Path) -> str:
    return "tool.vertex_flow.contexts" if path.name == "pyproject.toml" else "contexts"


def _profiles(path: Path) -> Mapping[str, Any]:
    found = below(load(path), *_table(path).split("."))
    tables = {} if found is None else dict(found)
    return {key: value for key, value in tables.items() if isinstance(value, Mapping)}


def _arguments(kind: type[Any]) -> dict[str, str]:
    """Arguments of the class → their annotations."""
    return {
        str(field.alias): str(field.type)
        for field in attrs.fields(kind)
        if field.alias not in _NOT_IN_FILES
    }


def _check(path: Path, profile: str, key: str, value: Any, known: Mapping[str, str]) -> None:
    if key not in known:
        raise SettingError(
            f"{path}, profile {profile!r}: there is no setting {key!r}.{nearest(key, list(known))} "
            f"It takes {', '.join(known)}."
        )
    wanted = _kind_of(known[key])
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise SettingError(
            f"{path}, profile {profile!r}: {key} = {value!r} is of the wrong type, expected "
            f"{'a table of texts' if wanted is dict else f'a {wanted.__name__}'}."
        )


def _kind_of(annotation: str) -> type[Any]:
    if annotation.startswith("Mapping"):
        return dict
    return int if annotation == "int" else str
