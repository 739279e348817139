"""Importers: an artifact from a URI.

Nothing need be there, and nothing is copied, unless it is to be in the job's workspace. What was
imported before, with the same type and metadata, is the same artifact, unless `reimport` says no.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.pipelines.executor_io import copy, schema
from vertex_flow.engine.pipelines.parameters import plain, plain_struct
from vertex_flow.engine.pipelines.placeholders import View
from vertex_flow.engine.pipelines.values import Artifact, Ports
from vertex_flow.engine.pipelines.work import TaskFailed, Work
from vertex_flow.names import join_uri


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
    uri = view.fill(uri)
    artifact = Artifact(
        name=f"{work.job.parent}/metadataStores/default/artifacts/{number}",
        key=key,
        uri=uri,
        type=schema(importer.type_schema),
        metadata=view.fill_deep(plain_struct(importer.metadata)),
        workspace_path=await _downloaded(uri, work) if importer.download_to_workspace else "",
    )
    return Ports(artifacts={key: (artifact if importer.reimport else _known(artifact, work),)})


def _known(artifact: Artifact, work: Work) -> Artifact:
    """Give an artifact the name that it was imported by before, if it is there still."""
    store = work.tools.store
    facts = [work.job.parent, artifact.uri, dict(artifact.type), dict(artifact.metadata)]
    place = f"imported {hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()}"
    kept = store.recall(place)
    found = store.find(types.Artifact, kept["name"]) if kept else None
    if found is not None and found.uri == artifact.uri:
        return attrs.evolve(artifact, name=found.name)
    store.remember(place, {"name": artifact.name})
    return artifact


async def _downloaded(uri: str, work: Work) -> str:
    """Copy what a URI names into the job's workspace, and give the place of the copy."""
    source = work.tools.home.path(uri)
    if not source.exists():
        raise TaskFailed(f"There is nothing to download into the workspace at {uri!r}.", code=5)
    folder = f".artifacts/{work.record.id}"
    copied = join_uri(work.words["workspace_path"], folder, source.name)
    await asyncio.to_thread(copy, source, work.tools.home.path(copied))
    return copied


def _uri(value: Any, work: Work) -> Any:
    kind = value.WhichOneof("value")
    if kind == "runtime_parameter":
        return work.inputs.parameters.get(value.runtime_parameter)
    if kind == "constant":
        return plain(value.constant)
    return value.constant_value.string_value
