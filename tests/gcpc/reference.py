"""What Google's own launcher makes of a component: run as in its container, by KFP's own rules."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from google.protobuf import json_format
from kfp.local import executor_input_utils, placeholder_utils

from tests.gcpc import launcher
from vertex_flow.engine.embedded import EmbeddedEngine

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([launcher.__name__])


@attrs.frozen
class Ran:
    """What a launcher left.

    Attributes:
        code: Its exit status.
        log: What it printed.
        resource: The name in `gcp_resources`, or empty.
        artifacts: Type, URI and metadata of its output artifacts, by name.
    """

    code: int
    log: str
    resource: str
    artifacts: Mapping[str, Any]


def run(
    op: Any,
    arguments: Mapping[str, Any],
    *,
    engine: EmbeddedEngine,
    folder: Path,
    labels: Mapping[str, str],
) -> Ran:
    """Run the launcher of a component.

    Args:
        op: The component.
        arguments: Its arguments; artifacts as `dsl.Artifact`.
        engine: What it speaks to.
        folder: Where its outputs go.
        labels: What Vertex AI tells it of the run.
    """
    folder.mkdir()
    component = next(iter(op.pipeline_spec.components.values()))
    spec = executor_input_utils.construct_executor_input(
        component, dict(arguments), str(folder), block_input_artifact=False
    )
    text = json.dumps(json_format.MessageToDict(spec))
    # KFP's rules do not know the placeholders that Vertex AI alone has.
    text = text.replace("{{$.pipeline_persistent_resource_id}}", "")
    executor_input = json.loads(text, parse_float=_number)
    log = folder / "log"
    environment = {"VERTEX_AI_PIPELINES_RUN_LABELS": json.dumps(dict(labels))}
    process = _PROCESSES.Process(
        target=launcher.main,
        args=(
            _command(op, executor_input, folder),
            engine.endpoint,
            engine.token,
            environment,
            log,
        ),
    )
    process.start()
    process.join(200)
    process.kill()
    return Ran(process.exitcode or 0, log.read_text(), _made(folder), _artifacts(folder))


def _command(op: Any, executor_input: dict[str, Any], folder: Path) -> list[str]:
    executors = json_format.MessageToDict(op.pipeline_spec.deployment_spec)["executors"]
    container = next(iter(executors.values()))["container"]
    command, arguments = container["command"], container.get("args", [])
    names = {
        "pipeline_resource_name": "projects/local/locations/us-central1/pipelineJobs/p",
        "task_resource_name": "task",
        "pipeline_root": str(folder),
        "unique_pipeline_id": "1",
    }
    resolved = placeholder_utils.resolve_self_references_in_executor_input(
        executor_input,
        pipeline_resource_name=names["pipeline_resource_name"],
        task_resource_name="task",
        pipeline_root=str(folder),
        pipeline_job_id="1",
        pipeline_task_id="1",
    )
    words = placeholder_utils.replace_placeholders(
        full_command=[*command, *arguments], executor_input_dict=resolved, **names
    )
    return words[words.index("-m") + 1 :]


def _number(text: str) -> float:
    """Read a number as it is written in a request: the numbers of a struct are all floats."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _made(folder: Path) -> str:
    file = folder / "gcp_resources"
    if not file.exists():
        return ""
    uri: str = json.loads(file.read_text())["resources"][0]["resourceUri"]
    return uri.partition("/v1/")[2]


def _artifacts(folder: Path) -> dict[str, Any]:
    file = folder / "executor_output.json"
    if not file.exists():
        return {}
    found = json.loads(file.read_text()).get("artifacts", {})
    return {name: _plain(one["artifacts"][0]) for name, one in found.items()}


def _plain(artifact: Mapping[str, Any]) -> dict[str, Any]:
    return {"uri": artifact["uri"], "metadata": artifact["metadata"]}
