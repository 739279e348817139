"""What a stage of a run has printed: from the engine's files, or from Cloud Logging."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vertex_flow.apis import Apis
from vertex_flow.names import Resource
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.texts import plain

_PAGE = 1000
END_BYTES = 4_000_000
"""What is read of the end of a file."""


def of_files(home: Path, files: Iterable[Path], *, lines: int) -> str:
    """Read logs from the folder of an engine.

    Args:
        home: The engine's folder.
        files: The logs.
        lines: Most lines a log, its last ones.

    Returns:
        The logs one after the other, oldest first, each below a line with its name.
    """
    root = home / "logs"
    blocks = [(str(file.relative_to(root)), _end(file, lines)) for file in oldest_first(files)]
    return "\n".join(f"==> {name} <==\n{text}" for name, text in blocks if text)


def files_by_stage(
    home: Path, snapshot: Snapshot, stages: Iterable[str]
) -> Mapping[str, Sequence[Path]]:
    """Find the files that the tasks of some stages, and the jobs behind them, print to.

    Tasks print to files that are named after what they are in, the outermost first. The first name
    that is one of the run's stages is the stage, as a task inside may be called like another one.

    Args:
        home: The engine's folder.
        snapshot: The run.
        stages: Names of the stages.
    """
    root = home / "logs"
    found: dict[str, list[Path]] = {name: [] for name in stages}
    of_run = {one.name for one in snapshot.stages}
    for file in (root / "pipelineJobs" / Resource.parse(snapshot.name).id).glob("*.log"):
        stage = next((part for part in file.stem.split(".") if part in of_run), "")
        if stage in found:
            found[stage].append(file)
    for stage, files in found.items():
        for job in map(Resource.parse, snapshot.jobs(stage)):
            files.extend((root / job.collection / job.id).rglob("*.log"))
    return found


def oldest_first(files: Iterable[Path]) -> list[Path]:
    """Put files in the order in which they were written to last."""
    return sorted(files, key=lambda file: (_age(file), file))


def of_jobs(apis: Apis, query: str, *, lines: int) -> str:
    """Read the newest lines that Cloud Logging has for a query, oldest first.

    Args:
        apis: Google's APIs.
        query: A filter of Cloud Logging.
        lines: Most lines.

    Raises:
        ApiError: The caller may not read logs, for example.
    """
    return "\n".join(map(plain_line, newest(apis, query, lines=lines)))


def newest(apis: Apis, query: str, *, lines: int) -> list[str]:
    """Read the newest lines that Cloud Logging has for a query as they stand there, oldest first.

    Args:
        apis: Google's APIs.
        query: A filter of Cloud Logging.
        lines: Most lines.

    Raises:
        ApiError: The caller may not read logs, for example.
    """
    found: list[str] = []
    for entry in newest_entries(apis, query, lines):
        found += reversed(text_of(entry).rstrip("\n").split("\n"))
        if len(found) >= lines:
            break
    return found[:lines][::-1]


def query_of(run: str, jobs: Sequence[str], *, severity: str = "") -> str:
    """Word the filter of Cloud Logging for some jobs; without any, for the run's own events.

    Args:
        run: Resource name of the pipeline job.
        jobs: Names of custom and tuning jobs.
        severity: The least severity, for example `ERROR`.
    """
    if jobs:
        ids = " OR ".join(f'"{Resource.parse(job).id}"' for job in jobs)
        query = f'resource.type="ml_job" resource.labels.job_id=({ids})'
    else:
        query = (
            'resource.type="aiplatform.googleapis.com/PipelineJob" '
            f'resource.labels.pipeline_job_id="{Resource.parse(run).id}"'
        )
    return f"{query} severity>={severity}" if severity else query


def plain_line(line: str) -> str:
    """Write a line of a log so that no terminal obeys it; tabs stay."""
    return "\t".join(map(plain, line.split("\t")))


def newest_entries(apis: Apis, query: str, size: int = _PAGE) -> Iterator[Mapping[str, Any]]:
    """Give the entries of Cloud Logging that match a filter, the newest first.

    Args:
        apis: Google's APIs.
        query: The filter.
        size: How many are likely to be wanted.
    """
    entries = apis.logging.entries()
    body = {
        "resourceNames": [f"projects/{apis.project}"],
        "filter": query,
        "orderBy": "timestamp desc",
        "pageSize": min(size, _PAGE),
    }
    yield from apis.pages(entries, entries.list(body=body), "entries")


def text_of(entry: Mapping[str, Any]) -> str:
    """Give what an entry of Cloud Logging says."""
    payload = entry.get("jsonPayload", {})
    text = entry.get("textPayload") or payload.get("message")
    return str(text) if text else json.dumps(payload, sort_keys=True) if payload else ""


def end_of(file: Path, most: int) -> str:
    """Read the end of a file.

    Args:
        file: The file.
        most: Bytes that are read at most.
    """
    with file.open("rb") as opened:
        opened.seek(max(0, opened.seek(0, 2) - most))
        return opened.read().decode("utf-8", "replace")


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # it is being cleaned up
        return 0.0


def _end(file: Path, lines: int) -> str:
    try:
        text = end_of(file, END_BYTES)
    except OSError:  # it is being cleaned up
        return ""
    return "\n".join(plain_line(line) for line in text.splitlines()[-lines:])
