"""Compares runs: reads what the comparison is made from."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vertex_flow.errors import ApiError, SettingError
from vertex_flow.report.comparison import ComparedRun, Comparison
from vertex_flow.report.sides import Side, compare

if TYPE_CHECKING:
    from vertex_flow.report.snapshot import Artifact
    from vertex_flow.runs.reading import Reading

_MOST_FILES = 2_000
_MOST_BYTES = 500_000_000


def compare_runs(runs: Sequence[Reading]) -> Comparison:
    """Compare runs, which may be of different flows and places.

    Args:
        runs: Two or more, in the order in which they are shown.

    Raises:
        SettingError: There are fewer than two.
        ApiError: A run cannot be read.
    """
    if len(runs) < 2:
        raise SettingError(f"compare_runs({list(runs)!r}): expected two or more runs.")
    sides = [_side(run) for run in runs]

    def content(index: int, artifact: Artifact) -> str | None:
        return _content(runs[index], artifact)

    return compare(sides, content)


def _side(run: Reading) -> Side:
    snapshot = run.snapshot()
    return Side(
        run=ComparedRun(
            name=run.name,
            job_id=run.job_id,
            flow=snapshot.flow,
            state=snapshot.state,
            place=run.place,
            start=snapshot.start,
        ),
        snapshot=snapshot,
        model=_model(run),
    )


def _model(run: Reading) -> dict[str, Any]:
    with contextlib.suppress(ApiError):  # it was deleted since
        model = run.model
        if model is not None:
            return {"name": model.display_name, "version": model.version}
    return {}


def _content(run: Reading, artifact: Artifact) -> str | None:
    """Tell what an artifact on this machine holds; None where it is elsewhere, gone, or large."""
    path = Path(artifact.uri)
    if run.console_url or not path.is_absolute():
        return None
    digest = hashlib.sha256()
    left = _MOST_BYTES
    try:
        for name, file in _files(path):
            left -= file.stat().st_size
            if left < 0:
                return None
            digest.update(f"{name}\0".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    except OSError:
        return None
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield "", path
        return
    count = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                raise OSError(f"{path} has more than {_MOST_FILES} files")
            file = Path(folder, name)
            yield str(file.relative_to(path)), file
    if not count:
        raise FileNotFoundError(path)
