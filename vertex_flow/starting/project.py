"""Writes a small project that works: flow, trainer, tests, Dockerfile, settings."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.errors import SettingError
from vertex_flow.finding import configured_project
from vertex_flow.names import check_stage_name
from vertex_flow.settings import check_project, path_of
from vertex_flow.starting.origin import requirement

_FILES = Path(__file__).parent / "files"
_SUFFIX = ".template"  # so that no tool takes them for code of this package
_DOT = "dot-"  # so that git and pip do not obey them here
_LONGEST = 40  # of a name that is made of a folder's: jobs are called after it, with more
_OTHER = "your-project"


@attrs.frozen
class Project:
    """A project that was written.

    Attributes:
        folder: Where it is.
        name: Name of the flow, of the model and of the endpoint.
        files: What was written, sorted.
        cloud: Id of the Google Cloud project that stands in its example profile, or None.
    """

    folder: Path
    name: str
    files: tuple[Path, ...]
    cloud: str | None

    def as_json(self) -> dict[str, Any]:
        """What was written, as plain values."""
        return {
            "folder": str(self.folder),
            "name": self.name,
            "files": [str(file.relative_to(self.folder)) for file in self.files],
            "cloud": self.cloud,
        }


def new_project(folder: str | Path = ".", *, name: str | None = None) -> Project:
    """Write a small project that works: flow, trainer, tests, Dockerfile, settings.

    Nothing is asked and nothing overwritten. The Google Cloud project in the example profile is
    that of the environment, the application-default credentials or gcloud, where there is one.
    The project depends on this package from where it was installed: a folder, a repository or an
    index.

    Args:
        folder: Where it is written; made when it is not there.
        name: Name of the flow: lower-case letters, digits and hyphens; that of the folder when
            None.

    Raises:
        SettingError: Files are in the way, the folder cannot be written, or the name is none.

    Example:
        ```python
        from vertex_flow.starting import new_project

        project = new_project("demo")
        print(project.name, len(project.files))
        ```
    """
    target = path_of("new_project(", folder, "a folder").expanduser().absolute()
    flow = _name_of(target) if name is None else name
    check_stage_name(flow)
    cloud = _cloud()
    values = {"name": flow, "cloud": cloud or _OTHER, "requirement": requirement()}
    texts = _texts(values)
    _check_free(target, texts)
    files = _write({target / path: text for path, text in texts.items()})
    return Project(target, flow, files, cloud)


def _name_of(folder: Path) -> str:
    """Make the name of a flow from that of a folder."""
    plain = unicodedata.normalize("NFKD", folder.resolve().name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    name = words if words[:1].isalpha() else f"flow-{words}"
    return name[:_LONGEST].rstrip("-")


def _cloud() -> str | None:
    found = configured_project()
    if found is None:
        return None
    try:
        check_project(found.value, found.source)
    except SettingError:
        return None  # it is said when the cloud is used
    return found.value


def _texts(values: Mapping[str, str]) -> dict[Path, str]:
    """The files by their paths in the project; `<<name>>` stands for a value."""
    found: dict[Path, str] = {}
    for file in sorted(_FILES.rglob(f"*{_SUFFIX}")):
        text = file.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"<<{name}>>", value)
        name = file.name.removesuffix(_SUFFIX)
        name = f".{name.removeprefix(_DOT)}" if name.startswith(_DOT) else name
        found[file.relative_to(_FILES).parent / name] = text
    return found


def _check_free(folder: Path, texts: Mapping[Path, str]) -> None:
    """Refuse a folder in which something would be overwritten."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise SettingError(f"{folder} is a file. Give a folder that is empty, or a new one.")
    files = [path for path in texts if os.path.lexists(folder / path)]
    folders = {path.parent for path in texts} - {Path()}
    files += [path for path in folders if (folder / path).is_file()]
    if files:
        raise SettingError(
            f"{folder} holds what a new project would overwrite: "
            f"{', '.join(sorted(map(str, files)))}. Give another folder, or move these away."
        )


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    written: list[Path] = []
    try:
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as out:
                written.append(file)
                out.write(text)
    except OSError as error:
        for file in written:
            with contextlib.suppress(OSError):
                file.unlink()
        raise SettingError(f"{error.filename} cannot be written: {error.strerror}.") from error
    return tuple(sorted(written))
