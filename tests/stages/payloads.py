"""What Google's launchers send to Vertex AI for a compiled stage, with placeholders filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util
from google_cloud_pipeline_components.container.v1.model.upload_model import remote_runner
from kfp.pipeline_spec import pipeline_spec_pb2

from vertex_flow.engine.pipelines.inputs import Ended, Sources
from vertex_flow.engine.pipelines.placeholders import View
from vertex_flow.engine.pipelines.values import Artifact, Ports

WORDS = {
    "pipeline_google_cloud_project_id": "acme",
    "pipeline_google_cloud_location": "europe-west4",
    "pipeline_job_name": "mnist-20250102",
    "pipeline_job_uuid": "123456",
    "pipeline_persistent_resource_id": "",
    "pipeline_root": "gs://acme/pipelines",
}


def artifact(key: str, **metadata: Any) -> tuple[Artifact, ...]:
    """One artifact with a plausible URI."""
    return (Artifact(name=key, key=key, uri=f"gs://acme/{key}", metadata=metadata),)


class StagePipeline:
    """The nested pipeline of one stage, task by task.

    Args:
        spec: The compiled flow, plain.
        stage: Name of the stage.
        scope: What goes into the stage.
    """

    def __init__(self, spec: Mapping[str, Any], stage: str, scope: Ports) -> None:
        message = pipeline_spec_pb2.PipelineSpec()
        json_format.ParseDict(spec, message)
        self._components = message.components
        self._executors = message.deployment_spec["executors"]
        ref = message.root.dag.tasks[stage].component_ref.name
        self._tasks = self._components[ref].dag.tasks
        self._scope = scope
        self._ended: dict[str, Ended] = {}

    def inputs(self, task: str) -> Ports:
        """The inputs of a task, typed, of the tasks that have ended so far."""
        sources = Sources(scope=self._scope, ended=self._ended, words=WORDS)
        spec = self._tasks[task]
        component = self._components[spec.component_ref.name]
        found = sources.resolve(spec, component)
        declared = component.input_definitions.parameters
        parameters = {name: one for name, one in found.parameters.items() if name in declared}
        return Ports(parameters=parameters, artifacts=found.artifacts)

    def ends(self, task: str, **outputs: Any) -> None:
        """Say what a task gave: parameters, and artifacts as tuples."""
        artifacts = {name: one for name, one in outputs.items() if isinstance(one, tuple)}
        parameters = {name: one for name, one in outputs.items() if name not in artifacts}
        given = Ports(parameters=parameters, artifacts=artifacts)
        self._ended[task] = Ended(state="SUCCEEDED", outputs=given)

    def payload(self, task: str) -> dict[str, Any]:
        """The body that a launcher sends, empty fields left out as the launcher does."""
        arguments = self._arguments(task)
        payload = json.loads(arguments["payload"], strict=False)
        if arguments["type"] == "UploadModel":
            remote_runner.append_unmanaged_model_artifact_into_payload(
                arguments["executor_input"], payload
            )
        kept: dict[str, Any] = json_util.recursive_remove_empty(payload)
        return kept

    def _arguments(self, task: str) -> dict[str, str]:
        inputs = self.inputs(task)
        artifacts = {
            name: {"artifacts": [one.runtime(str) for one in many]}
            for name, many in inputs.artifacts.items()
        }
        firsts = {name: many["artifacts"][0] for name, many in artifacts.items()}
        given = {"parameters": inputs.parameters, "artifacts": firsts}
        outputs = {"parameters": {"gcp_resources": {"output_file": "/tmp/gcp_resources"}}}
        whole = {"inputs": {"artifacts": artifacts}}
        view = View(values={**WORDS, "inputs": given, "outputs": outputs}, whole=whole)
        label = self._components[self._tasks[task].component_ref.name].executor_label
        words = list(self._executors[label]["container"]["args"])
        filled = view.fill_command(words, {*inputs.parameters, *inputs.artifacts})
        names, values = filled[::2], filled[1::2]
        return {name.removeprefix("--"): value for name, value in zip(names, values, strict=True)}
