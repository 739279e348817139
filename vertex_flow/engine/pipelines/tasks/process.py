"""A task that is a process on this machine."""

from __future__ import annotations

import asyncio
import errno
import json
from pathlib import Path

from vertex_flow.engine.api.errors import disk_full
from vertex_flow.engine.jobs.replicas import python_path, source_folder
from vertex_flow.engine.pipelines.executor_io import ExecutorFiles
from vertex_flow.engine.pipelines.logs import tail
from vertex_flow.engine.pipelines.placeholders import View
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.engine.processes import Command, Exit, RequirementsError


async def run(work: Work, command: Command, files: ExecutorFiles) -> Ports:
    """Run a command to its end and read what it left.

    Args:
        work: The task.
        command: What to run.
        files: The task's folder.

    Raises:
        TaskFailed: It could not be started, or did not end with exit code 0.
    """
    ended = await _to_its_end(work, command)
    if not ended.ok:
        raise failure(work, f"The process ended with {ended.describe()}.")
    return await asyncio.to_thread(files.collect)


def source(work: Work) -> Path | None:
    """Give the folder that stands for the image of a task's container, or None.

    Raises:
        TaskFailed: The folder is not there.
    """
    given = {"inputs": {"parameters": dict(work.inputs.parameters)}}
    image = View(values={**work.words, **given}).fill(work.executor.container.image)
    try:
        folder = source_folder(image)
    except FileNotFoundError as error:
        raise TaskFailed(f"The container cannot run: {error}.", code=5, retry=False) from error
    if folder is None:
        work.say(f"Image {image!r} is simulated: its command runs in this environment.")
    return folder


def variables(work: Work, folder: Path | None) -> dict[str, str]:
    """Give the environment variables that a task's process has beside the engine's own.

    Args:
        work: The task.
        folder: The folder that stands for its image, or None.
    """
    container = work.executor.container
    home, words = work.tools.home, work.job.words
    own = {entry.name: home.localise(entry.value) for entry in container.env}
    path = {} if folder is None else {"PYTHONPATH": python_path(folder, own)}
    return {
        "GOOGLE_CLOUD_PROJECT": words["pipeline_google_cloud_project_id"],
        "CLOUD_ML_PROJECT_ID": words["pipeline_google_cloud_project_id"],
        "VERTEX_AI_PIPELINES_RUN_LABELS": json.dumps(dict(work.job.labels)),
        **own,
        **path,
    }


def failure(work: Work, reason: str) -> TaskFailed:
    """Say why a task failed: the reason, the end of its log, and where the log is."""
    return TaskFailed("\n".join(filter(None, [reason, tail(work.log), f"Log: {work.log}"])))


async def _to_its_end(work: Work, command: Command) -> Exit:
    try:
        process = await work.tools.launcher.start(command)
    except RequirementsError as error:
        raise failure(work, str(error)) from error
    except OSError as error:
        raise _not_started(work, error) from error
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await process.terminate()
        raise


def _not_started(work: Work, error: OSError) -> TaskFailed:
    if disk_full(error) or error.errno == errno.EACCES:
        return TaskFailed(f"The process could not be started: {error}", code=8)
    return TaskFailed(f"The process could not be started: {error}", retry=False)


def localised(work: Work, words: list[str]) -> list[str]:
    """Give a command in which `gs://` and `/gcs/` are folders of this machine."""
    return [work.tools.home.localise(word) for word in words]
