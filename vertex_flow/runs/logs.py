"""What a stage of a run has printed: from the engine's files, or from Cloud Logging."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vertex_flow.apis import Apis
from vertex_flow.names import Resource
from vertex_flow.texts import plain

_PAGE = 1000
END_BYTES = 4_000_000
"""What is read of the end of a file."""


def of_files(home: Path, run: str, stage: str, jobs: Sequence[str], *, lines: int) -> str:
    """Read the logs of a stage from the folder of an engine.

    Args:
        home: The engine's folder.
        run: Resource name of the pipeline job.
        stage: Name of the stage.
        jobs: Names of the jobs behind it.
        lines: Most lines a log, its last ones.

    Returns:
        The logs one after the other, oldest first, each below a line with its name.
    """
    root = home / "logs"
    files = sorted(files_of(home, run, stage, jobs), key=lambda file: (file.stat().st_mtime, file))
    blocks = [(str(file.relative_to(root)), _end(file, lines)) for file in files]
    return "\n".join(f"==> {name} <==\n{text}" for name, text in blocks if text)


def files_of(home: Path, run: str, stage: str, jobs: Sequence[str]) -> list[Path]:
    """Find the files that the tasks of a stage, and the jobs behind them, print to.

    Args:
        home: The engine's folder.
        run: Resource name of the pipeline job.
        stage: Name of the stage.
        jobs: Names of the jobs behind it.
    """
    root = home / "logs"
    tasks = (root / "pipelineJobs" / Resource.parse(run).id).glob("*.log")
    files = [file for file in tasks if stage in file.stem.split(".")]
    for job in jobs:
        found = Resource.parse(job)
        files += (root / found.collection / found.id).rglob("*.log")
    return files


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


def _end(file: Path, lines: int) -> str:
    text = end_of(file, END_BYTES)
    return "\n".join(plain_line(line) for line in text.splitlines()[-lines:])
