"""What the engine makes of each field of the Metadata service."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level

_NODE: dict[str, Level] = {
    "description": HONOURED,
    "display_name": HONOURED,
    "labels": HONOURED,
    "metadata": HONOURED,
    "schema_title": HONOURED,
    "schema_version": HONOURED,
}
FIELDS: dict[str, Level] = {
    "MetadataStore.dataplex_config": REFUSED,
    "MetadataStore.description": HONOURED,
    "MetadataStore.encryption_spec": SIMULATED,
    **{f"Artifact.{field}": level for field, level in _NODE.items()},
    "Artifact.uri": HONOURED,
    **{f"Execution.{field}": level for field, level in _NODE.items()},
    **{f"Context.{field}": level for field, level in _NODE.items()},
    "Context.parent_contexts": SIMULATED,
    "Event.artifact": HONOURED,
    "Event.event_time": HONOURED,
    "Event.execution": HONOURED,
    "Event.labels": HONOURED,
    "Event.type_": HONOURED,
    "MetadataSchema.description": HONOURED,
    "MetadataSchema.schema": HONOURED,
    "MetadataSchema.schema_type": HONOURED,
    "MetadataSchema.schema_version": HONOURED,
}
NOTES: dict[str, str] = {
    "Artifact.metadata": "Kept as it is; not checked against the schema.",
    "Artifact.schema_title": "One of the system's or a metadataSchema that was created. Pipelines "
    "may put out artifacts of any type.",
    "Context.parent_contexts": "Output only: changed by addContextChildren and "
    "removeContextChildren.",
    "Event.event_time": "Set by the engine; not read from requests.",
    "Event.execution": "Set by the engine; not read from requests.",
}
