"""The Dockerfile of a trainer: its own, or one that is made from what its code needs."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from vertex_flow.errors import SettingError

TENSORFLOW = "tensorflow/tensorflow:2.15.0"
"""The base of a made Dockerfile: TensorFlow as in the prebuilt image that serves the model."""

_BASE = re.compile(r"^\s*ARG\s+BASE\s*(=|$)", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(r"\s*(?:COPY|ADD)\s+(.*)", re.IGNORECASE | re.DOTALL)
_ESCAPE = re.compile(r"^#\s*escape\s*=\s*(.)\s*$", re.IGNORECASE | re.MULTILINE)
_REQUIREMENTS = "requirements.txt"


@attrs.frozen
class Dockerfile:
    """A Dockerfile.

    Attributes:
        path: Where it is in the folder that is sent, with slashes.
        text: What it says.
        made: Whether it was made here, and is no file of the user's.
    """

    path: str
    text: str
    made: bool = False

    @property
    def takes_base(self) -> bool:
        """Whether its base image can be chosen, by the build argument BASE."""
        return _BASE.search(self.text) is not None


def find_dockerfile(folder: Path, module: str) -> Dockerfile | None:
    """Find the Dockerfile of a module: in its package, in those around it, or beside them.

    Args:
        folder: The folder that holds the package.
        module: Dotted name of the module.
    """
    parts = module.split(".")
    for count in range(len(parts), -1, -1):
        file = folder.joinpath(*parts[:count], "Dockerfile")
        if file.is_file():
            text = file.read_text("utf-8", "replace")
            return Dockerfile(file.relative_to(folder).as_posix(), text)
    return None


def find_requirements(folder: Path, package: str) -> str | None:
    """Path of the requirements of a package: its own, or those beside it; None without any."""
    for path in (f"{package}/{_REQUIREMENTS}", _REQUIREMENTS):
        if (folder / path).is_file():
            return path
    return None


def make_dockerfile(base: str, folders: Iterable[str], requirements: str | None) -> Dockerfile:
    """Make the Dockerfile of a trainer that has none.

    Args:
        base: The image that it stands on.
        folders: Packages and modules that are copied; a package ends in a slash.
        requirements: Path of the file of requirements, or None.
    """
    lines = [
        "# Made by vertex_flow from the code of a trainer that has no Dockerfile.",
        f"FROM {base}",
        "WORKDIR /app",
        *_installed(requirements),
        *(_copied(one) for one in folders),
        "# As root: a tuning trial reports in /var/hypertune, which root alone can write.",
        "ENV PYTHONPATH=/app PYTHONUNBUFFERED=1",
        "WORKDIR /work",
        'ENTRYPOINT ["python", "-m"]',
    ]
    return Dockerfile("Dockerfile", "\n".join([*lines, ""]), made=True)


def check_copies(dockerfile: Dockerfile, secrets: Sequence[str]) -> None:
    """Refuse a Dockerfile that copies what never goes into an image.

    Args:
        dockerfile: The Dockerfile.
        secrets: Paths that were left out since they may hold secrets.

    Raises:
        SettingError: It copies one of them.
    """
    for number, source in _copies(dockerfile.text):
        path = posixpath.normpath(source.lstrip("/"))
        if any(path == secret or path.startswith(f"{secret}/") for secret in secrets):
            raise SettingError(
                f"{dockerfile.path}, line {number}, copies {source!r}, which may hold secrets and "
                "so never goes into an image. Take the line out, and give the values to the job, "
                "Trainer(..., env={...}), or let the code read them from Secret Manager."
            )


def _installed(requirements: str | None) -> list[str]:
    install = "RUN python -m pip install --no-cache-dir"
    if requirements is None:
        return [f"{install} cloudml-hypertune==0.1.0.dev6"]
    return [_copied(requirements), f"{install} --requirement {shlex.quote(requirements)}"]


def _copied(path: str) -> str:
    return f"COPY {json.dumps([path, path], ensure_ascii=False)}"


def _copies(text: str) -> Iterator[tuple[int, str]]:
    """Each source that COPY and ADD take from the folder that is sent, with its line."""
    for number, instruction in _instructions(text):
        found = _COPY.fullmatch(instruction)
        words = _words(found[1]) if found else []
        sources = [word for word in words if not word.startswith("--")][:-1]
        if not any(word.startswith("--from") for word in words):
            yield from ((number, source) for source in sources if "://" not in source)


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Each instruction with the number of its first line; continued ones as one line."""
    escape = _ESCAPE.search(text)
    end, begun, first = escape[1] if escape else "\\", "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        first = first or number
        if line.rstrip().endswith(end):
            begun += line.rstrip()[:-1] + " "
            continue
        yield first, begun + line
        begun, first = "", 0
    if begun:
        yield first, begun


def _words(text: str) -> list[str]:
    """The words after COPY, in either of its two forms."""
    options, rest = re.match(r"((?:--\S+\s+)*)(.*)", text.strip(), re.DOTALL).groups()  # type: ignore[union-attr]
    try:
        paths = json.loads(rest) if rest.startswith("[") else rest.split()
    except ValueError:
        paths = rest.split()
    return [*options.split(), *map(str, paths)]
