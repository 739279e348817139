"""The schemas that every metadata store has from the start."""

from __future__ import annotations

from collections.abc import Iterator

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.messages import wrap

_VERSION = "0.0.1"
_KINDS = types.MetadataSchema.MetadataSchemaType
_TITLES = {
    _KINDS.ARTIFACT_TYPE: (
        "google.BQMLModel",
        "google.BQTable",
        "google.ClassificationMetrics",
        "google.ExperimentModel",
        "google.ForecastingMetrics",
        "google.ModelEvaluation",
        "google.RegressionMetrics",
        "google.UnmanagedContainerModel",
        "google.VertexBatchPredictionJob",
        "google.VertexDataset",
        "google.VertexEndpoint",
        "google.VertexModel",
        "google.VertexTensorboardRun",
        "system.Artifact",
        "system.ClassificationMetrics",
        "system.Dataset",
        "system.HTML",
        "system.Markdown",
        "system.Metrics",
        "system.Model",
        "system.SlicedClassificationMetrics",
    ),
    _KINDS.EXECUTION_TYPE: (
        "system.ContainerExecution",
        "system.CustomJobExecution",
        "system.DagExecution",
        "system.ImporterExecution",
        "system.ResolverExecution",
        "system.Run",
    ),
    _KINDS.CONTEXT_TYPE: (
        "system.Experiment",
        "system.ExperimentRun",
        "system.Pipeline",
        "system.PipelineRun",
    ),
}
VERSIONS = {title: _VERSION for titles in _TITLES.values() for title in titles}


def schemas(store: str) -> Iterator[types.MetadataSchema]:
    """Give the built-in schemas of a metadata store.

    Args:
        store: The store's resource name.
    """
    for kind, titles in _TITLES.items():
        for title in titles:
            plain = types.MetadataSchema.pb()(
                name=f"{store}/metadataSchemas/{_id(title)}",
                schema_version=_VERSION,
                schema=f"title: {title}\ntype: object\n",
                schema_type=int(kind),
            )
            yield wrap(types.MetadataSchema, plain)


def _id(title: str) -> str:
    """Give the id of a schema, for example `system-run-v0-0-1`."""
    version = _VERSION.replace(".", "-")
    return f"{title.replace('.', '-').lower()}-v{version}"
