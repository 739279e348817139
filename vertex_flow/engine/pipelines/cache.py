"""The cache of tasks: what ran before with the same code and inputs is not run again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vertex_flow.engine.pipelines.journal import of_ports, to_ports
from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.pipelines.work import Work
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.names import Resource

_VERSION = 3
_MOST_FILES = 10_000


def key(work: Work, custom: str = "") -> str:
    """Give the key under which a task's outputs are kept.

    As on Vertex AI, only runs of pipelines of one name share outputs. The key covers the
    component, its executor, and the inputs. What differs from run to run, such as the job's name,
    counts as the placeholder that stands for it. A file or folder outside the job's own outputs
    counts with its sizes and times, so that changed data is seen, also where a parameter names
    it: a training job gets its data as `--train_data=URI`.

    Args:
        work: The task.
        custom: A key of the pipeline's author, which stands for inputs and executor.
    """
    facts = {
        "version": _VERSION,
        "pipeline": work.job.pipeline,
        "component": _text(work.component),
        "executor": "" if custom else _text(work.executor),
        "inputs": custom or _inputs(work),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _inputs(work: Work) -> dict[str, Any]:
    declared = work.component.input_definitions
    return {
        "parameters": {
            name: work.inputs.key_of(name)
            for name in sorted(declared.parameters)
            if work.inputs.parameters.get(name) is not None
        },
        "artifacts": {
            name: [_identity(artifact, work) for artifact in work.inputs.artifacts[name]]
            for name in sorted(declared.artifacts)
            if name in work.inputs.artifacts
        },
        "files": {text: list(_stamps(path)) for text, path in sorted(_named_files(work))},
    }


def _named_files(work: Work) -> Iterator[tuple[str, Path]]:
    """Give the files and folders outside the job's outputs that input parameters name."""
    home = work.tools.home
    own = home.path(work.job.root)
    for name in work.component.input_definitions.parameters:
        for text in _texts(work.inputs.parameters.get(name)):
            path = _local(text.partition("=")[2] if text.startswith("--") else text, work)
            if path is None or path.is_relative_to(own) or home.root.is_relative_to(path):
                continue  # a folder around the engine's own, such as /, changes all the time
            if _exists(path):
                yield text, path


def _texts(value: Any) -> Iterator[str]:
    """Give every text in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a long text, or one with a NUL, that only begins like a path
        return False


async def recall(work: Work, key: str) -> Ports | None:
    """Give the outputs that were kept under a key, or None when there are none.

    Outputs of which a file or a resource is gone count as none.
    """
    kept = work.tools.store.recall(key)
    if kept is None:
        return None
    outputs = to_ports(kept)
    if not all(Path(path).exists() for path in kept["files"]):
        return None
    return outputs if await _resources_exist(outputs, work) else None


def remember(work: Work, key: str, outputs: Ports) -> None:
    """Keep the outputs of a task that succeeded."""
    files = sorted(_files(work, outputs))
    work.tools.store.remember(key, {**of_ports(outputs), "files": files})


def _files(work: Work, outputs: Ports) -> Iterator[str]:
    """Give the outputs that are on disk; artifacts that are metadata alone are not."""
    for artifacts in outputs.artifacts.values():
        paths = (_local(artifact.uri, work) for artifact in artifacts)
        yield from (str(path) for path in paths if path is not None and path.exists())


def _text(message: Any) -> Any:
    from google.protobuf import json_format

    return json_format.MessageToDict(message)


def _identity(artifact: Artifact, work: Work) -> list[Any]:
    path = _local(artifact.uri, work)
    stamps: list[Any] = []
    if path is not None and not path.is_relative_to(work.tools.home.path(work.job.root)):
        stamps = list(_stamps(path))
    return [artifact.uri, dict(artifact.type), dict(artifact.metadata), stamps]


def _stamps(path: Path) -> Iterator[list[Any]]:
    """Give the size and time of a file, or of every file in a folder."""
    if path.is_file():
        found = path.stat()
        yield [found.st_size, found.st_mtime_ns]
        return
    count = 0
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                return
            try:
                found = Path(folder, name).lstat()
            except FileNotFoundError:
                continue  # gone since the folder was read
            yield [str(Path(folder, name).relative_to(path)), found.st_size, found.st_mtime_ns]


def _local(uri: str, work: Work) -> Path | None:
    if not uri.startswith(("gs://", "/")) and not uri.startswith("file://"):
        return None
    try:
        return work.tools.home.path(uri)
    except (ApiError, ValueError):  # ValueError: file:// and something that is no URL
        return None


async def _resources_exist(outputs: Ports, work: Work) -> bool:
    """Tell whether the jobs, models and endpoints that outputs name are still there."""
    for name in _resources(outputs):
        try:
            await work.tools.call("GET", f"/v1/{name}")
        except ApiError as error:
            if error.code == 404:
                return False
            raise
    return True


def _resources(outputs: Ports) -> Iterator[str]:
    for artifacts in outputs.artifacts.values():
        yield from (artifact.resource_name for artifact in artifacts if artifact.resource_name)
    yield from _jobs(outputs.parameters.get("gcp_resources"))


def _jobs(gcp_resources: Any) -> Iterator[str]:
    if not isinstance(gcp_resources, str):
        return
    for resource in json.loads(gcp_resources or "{}").get("resources", []):
        try:
            found = Resource.parse(resource.get("resourceUri", ""))
        except SettingError:
            continue  # a long-running operation, which need not outlive its result
        yield str(found)
