"""What a `.dockerignore` file leaves out of a build, as Docker reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

IGNORE_FILE = ".dockerignore"
_WILD = frozenset("*?[")


@attrs.frozen
class Ignored:
    """The patterns of a `.dockerignore` file, of which the last that matches decides.

    A path is judged with what its folder was judged by, since a pattern that matches a folder
    matches all that is in it.

    Attributes:
        patterns: The patterns, in order, as the `docker` package reads them.
    """

    patterns: tuple[Any, ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str]) -> Ignored:
        """Read the lines of a file: comments and empty ones say nothing."""
        from docker.utils.build import Pattern

        written = [line.strip() for line in lines if not line.startswith("#")]
        found = [Pattern(line) for line in written if line]
        return cls(tuple(pattern for pattern in found if pattern.dirs))

    @classmethod
    def read(cls, folder: Path, dockerfile: str | None) -> Ignored:
        """Read the file that is for a build; where there is none, nothing is left out.

        Args:
            folder: The folder that is sent.
            dockerfile: Path of the Dockerfile in it: `NAME.dockerignore` beside it comes first.
        """
        own = [f"{dockerfile}{IGNORE_FILE}"] if dockerfile else []
        for name in [*own, IGNORE_FILE]:
            file = folder / name
            if file.is_file():
                return cls.of(file.read_text("utf-8-sig", "surrogateescape").splitlines())
        return cls()

    def judge(self, path: str, folder: Sequence[bool]) -> tuple[bool, tuple[bool, ...]]:
        """Tell whether a path is left out.

        Args:
            path: The path in the folder that is sent, with slashes.
            folder: Which patterns matched the folder that it is in; empty for the topmost.

        Returns:
            Whether it is left out, and which patterns matched it.
        """
        from docker.utils.fnmatch import fnmatchcase

        matched = tuple(
            above or bool(fnmatchcase(path, pattern.cleaned_pattern))
            for pattern, above in zip(
                self.patterns, folder or [False] * len(self.patterns), strict=True
            )
        )
        deciding = [pattern for pattern, match in zip(self.patterns, matched, strict=True) if match]
        return bool(deciding) and not deciding[-1].exclusion, matched

    def may_keep_below(self, folder: str) -> bool:
        """Tell whether something in a folder that is left out may be taken in again by `!`."""
        here = folder.split("/")
        fixed = [_fixed(pattern.dirs) for pattern in self.patterns if pattern.exclusion]
        return any(
            all(one == other for one, other in zip(here, parts, strict=False)) for parts in fixed
        )


def _fixed(parts: Sequence[str]) -> list[str]:
    """The parts of a pattern before the first that may match several names."""
    found: list[str] = []
    for part in parts:
        if _WILD.intersection(part):
            break
        found.append(part)
    return found
