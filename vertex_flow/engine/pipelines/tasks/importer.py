"""Importers: an artifact from a URI; nothing is copied, and nothing need be there."""

from __future__ import annotations

from typing import Any

from vertex_flow.engine.pipelines.executor_io import schema
from vertex_flow.engine.pipelines.parameters import plain, plain_struct
from vertex_flow.engine.pipelines.placeholders import View
from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work


async def run(work: Work) -> Ports:
    """Make the artifact.

    Raises:
        TaskFailed: The URI has no value.
    """
    importer = work.executor.importer
    view = View(values={**work.words, "inputs": {"parameters": dict(work.inputs.parameters)}})
    uri = _uri(importer.artifact_uri, work)
    if not isinstance(uri, str) or not uri:
        raise TaskFailed("The importer's artifact_uri has no value.", code=3, retry=False)
    number = work.tools.store.new_id()
    key = next(iter(work.component.output_definitions.artifacts), "artifact")
    artifact = Artifact(
        name=f"{work.job.parent}/metadataStores/default/artifacts/{number}",
        key=key,
        uri=view.fill(uri),
        type=schema(importer.type_schema),
        metadata=view.fill_deep(plain_struct(importer.metadata)),
    )
    return Ports(artifacts={key: (artifact,)})


def _uri(value: Any, work: Work) -> Any:
    kind = value.WhichOneof("value")
    if kind == "runtime_parameter":
        return work.inputs.parameters.get(value.runtime_parameter)
    if kind == "constant":
        return plain(value.constant)
    return value.constant_value.string_value
