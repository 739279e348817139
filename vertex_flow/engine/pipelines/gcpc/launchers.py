"""Which launcher a container runs, with what arguments, and what does its work here."""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vertex_flow.engine.pipelines.executor_io import ExecutorFiles
from vertex_flow.engine.pipelines.gcpc import batch_predictions, endpoints, jobs, models
from vertex_flow.engine.pipelines.gcpc.launch import Launch
from vertex_flow.engine.pipelines.tasks.process import failure
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.errors import ApiError

_PREFIX = "google_cloud_pipeline_components.container."
_LAUNCHER = re.compile(rf"{re.escape(_PREFIX)}(?:v1\.)?(?P<service>[\w.]+)")


def module(container: Any) -> str:
    """Name the launcher module that a container runs, or give the empty text.

    Args:
        container: A `PipelineContainerSpec`.
    """
    command: list[str] = list(container.command)
    for flag, word in itertools.pairwise(command):
        if flag == "-m" and word.startswith(_PREFIX):
            return word
    return ""


async def run(work: Work) -> Ports:
    """Do what the launcher does.

    Raises:
        TaskFailed: The launcher is not supported, its request was refused, or the work behind it
            failed.
    """
    name = module(work.executor.container)
    kinds = _kinds()
    if name not in kinds:
        raise TaskFailed(_unsupported(name, kinds), code=12, retry=False)
    files = ExecutorFiles(work, local=False)
    files.prepare()
    container = work.executor.container
    words = files.view.fill_command([*container.command, *container.args], files.present)
    launch = Launch(work=work, files=files, arguments=_arguments(words))
    work.say(f"{name} runs in the engine.")
    try:
        await kinds[name](launch)
    except ApiError as error:
        raise failure(work, f"The request was refused: {error}") from error
    except (KeyError, ValueError) as error:
        raise failure(work, f"The payload is wrong: {error}") from error
    return files.collect()


def _kinds() -> Mapping[str, Callable[[Launch], Awaitable[None]]]:
    services = {
        "batch_prediction_job.launcher": batch_predictions.batch_prediction_job,
        "custom_job.launcher": jobs.custom_job,
        "hyperparameter_tuning_job.launcher": jobs.tuning_job,
        "model.upload_model.launcher": models.upload,
        "model.get_model.launcher": models.get,
        "model.delete_model.launcher": models.delete,
        "endpoint.create_endpoint.launcher": endpoints.create,
        "endpoint.delete_endpoint.launcher": endpoints.delete,
        "endpoint.deploy_model.launcher": endpoints.deploy,
        "endpoint.undeploy_model.launcher": endpoints.undeploy,
    }
    return {f"{_PREFIX}v1.{name}": work for name, work in services.items()}


def _unsupported(name: str, kinds: Mapping[str, Any]) -> str:
    short = (kind.removeprefix(f"{_PREFIX}v1.").removesuffix(".launcher") for kind in kinds)
    return (
        f"UNIMPLEMENTED: the local engine cannot do the work of {name}. "
        f"Of Google Cloud Pipeline Components it knows {', '.join(short)}."
    )


def _arguments(words: list[str]) -> dict[str, str]:
    """Read `--name value` and `--name=value`, as the launchers' own parsers do."""
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        if equals:
            found[name] = value
        elif place + 1 < len(words):
            found[name] = words[place + 1]
    return found
