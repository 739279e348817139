"""Why a stage was, or was not, served from the cache: reads the runs before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vertex_flow.calls import if_there
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.names import FLOW_LABEL
from vertex_flow.report.explaining import Witness
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.structs import mapping, plain_struct
from vertex_flow.report.taskruns import TaskRun
from vertex_flow.report.why import explain
from vertex_flow.runs.files import local_path

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.report.reason import Reason
    from vertex_flow.report.snapshot import StageRun

_MOST_READ = 25  # earlier runs, with their tasks
_MOST_LISTED = 300
_TOLD = ("name", "pipeline_spec.pipeline_info")  # by which a run of another pipeline is known
_MOST_FILES = 10_000  # as many as the cache looks at


def reason(client: Client, run: Snapshot, stage: StageRun, home: Path | None) -> Reason:
    """Explain why a stage was, or was not, served from the cache.

    Args:
        client: Speaks to the endpoint.
        run: The run.
        stage: Its stage.
        home: Folder of the engine on this machine; None in the cloud.

    Raises:
        ApiError: The runs before cannot be read.
    """
    files = _Files(home, run.root) if home else None
    witness = Witness(
        by_id=home is None,
        gone=_gone(client, files) if files else lambda _: "",
        changed=files.changed if files else lambda _: None,
    )
    return explain(run, stage, _Earlier(client, run), witness)


class _Earlier:
    """The runs of a pipeline before one, the newest first; each is read once, when needed."""

    def __init__(self, client: Client, run: Snapshot) -> None:
        self._client = client
        self._run = run
        self._names = self._listed()
        self._read: list[Snapshot] = []

    def __iter__(self) -> Iterator[Snapshot]:
        index = 0
        while index < len(self._read) or self._more():
            yield self._read[index]
            index += 1

    def _more(self) -> bool:
        """Read one more run."""
        if len(self._read) >= _MOST_READ:
            return False
        for name in self._names:
            job = if_there(partial(self._client.get_pipeline_job, name))
            if job is None:  # deleted since it was listed
                continue
            found = Snapshot(job)
            if found.blueprint.pipeline == self._run.blueprint.pipeline:
                self._read.append(found)
                return True
        return False

    def _listed(self) -> Iterator[str]:
        """Name the runs that may be of the pipeline."""
        from vertex_flow.client import named

        run, terms = self._run, []
        if run.labels.get(FLOW_LABEL):
            terms.append(named(run.flow))
        if run.end is not None:
            terms.append(f'create_time<"{run.end.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%fZ}"')
        for job in self._client.pipeline_jobs(" AND ".join(terms), _TOLD, _MOST_LISTED):
            pipeline = mapping(mapping(plain_struct(job.pipeline_spec)).get("pipelineInfo"))
            other = pipeline and pipeline.get("name") != run.blueprint.pipeline
            if job.name != run.name and not other:
                yield job.name


class _Files:
    """The files of runs on this machine.

    Args:
        home: The engine's folder.
        root: URI of the folder of the run's outputs, in which no file is looked at.
    """

    def __init__(self, home: Path, root: str) -> None:
        self._home = home
        self._root = self.path(root)

    def path(self, uri: str) -> Path | None:
        """Give the path that a URI stands for, or None."""
        try:
            return local_path(uri, self._home)
        except SettingError:
            return None

    def changed(self, uri: str) -> datetime | None:
        """Tell when a file, or what is in a folder, was last changed."""
        path = self.path(uri)
        if path is None or self._home.is_relative_to(path):
            return None
        if self._root is not None and path.is_relative_to(self._root):
            return None
        try:
            files = islice(path.rglob("*"), _MOST_FILES) if path.is_dir() else ()
            newest = max(one.lstat().st_mtime for one in (path, *files))
        except (OSError, ValueError):
            return None
        return datetime.fromtimestamp(newest, timezone.utc)


def _gone(client: Client, files: _Files) -> Callable[[TaskRun], str]:
    def gone(task: TaskRun) -> str:
        for one in (one for found in task.results.values() for one in found):
            path = files.path(one.uri)
            if path is not None and not path.exists():
                return str(one.uri)
            name = mapping(plain_struct(one.metadata)).get("resourceName")
            if isinstance(name, str) and not _exists(client, name):
                return name
        return ""

    return gone


def _exists(client: Client, name: str) -> bool:
    ask: dict[str, Callable[[str], Any]] = {
        "models": client.get_model,
        "endpoints": client.get_endpoint,
    }
    collection = name.rpartition("/")[0].rpartition("/")[2]
    try:
        ask.get(collection, str)(name)
    except ApiError as error:
        return error.code != 404
    return True
