"""The files that a job's predictions are written to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TextIO

from vertex_flow.engine.api.errors import failed_precondition

_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 128


def directory_name(display_name: str, created: datetime) -> str:
    """Name the folder of a job's output: `prediction-<display name>-<time>`.

    Args:
        display_name: Of the model.
        created: When the job was.
    """
    name = _UNSAFE.sub("_", display_name)[:_LONGEST]
    return f"prediction-{name}-{created:%Y-%m-%dT%H:%M:%S}.{created.microsecond // 1000:03d}Z"


class Output:
    """The output of a job, open for writing until `close`.

    Args:
        folder: A folder, which is made.
        shards: How many results files there are.
    """

    def __init__(self, folder: Path, shards: int) -> None:
        try:
            folder.mkdir(parents=True)
        except FileExistsError as error:
            raise failed_precondition(f"{folder} is there already.") from error
        self._files = ExitStack()
        self._results = [
            self._open(folder / f"prediction.results-{shard:05d}-of-{shards:05d}")
            for shard in range(shards)
        ]
        self._errors = self._open(folder / "prediction.errors_stats-00000-of-00001")

    def write(self, shard: int, results: Iterable[str], errors: Iterable[str]) -> None:
        """Write lines, whole and at once.

        Args:
            shard: Number of the results file, from 0.
            results: Lines for it, without line breaks.
            errors: Lines for the errors file.
        """
        for file, lines in ((self._results[shard], results), (self._errors, errors)):
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def _open(self, path: Path) -> TextIO:
        return self._files.enter_context(path.open("x", encoding="utf-8", newline="\n"))
