"""What the engine makes of each field of a TensorBoard instance and what is in it."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, SIMULATED, Level

FIELDS: dict[str, Level] = {
    "Tensorboard.blob_storage_path_prefix": HONOURED,
    "Tensorboard.description": HONOURED,
    "Tensorboard.display_name": HONOURED,
    "Tensorboard.encryption_spec": SIMULATED,
    "Tensorboard.is_default": HONOURED,
    "Tensorboard.labels": HONOURED,
    "Tensorboard.run_count": HONOURED,
    "TensorboardExperiment.description": HONOURED,
    "TensorboardExperiment.display_name": HONOURED,
    "TensorboardExperiment.labels": HONOURED,
    "TensorboardExperiment.source": HONOURED,
    "TensorboardRun.description": HONOURED,
    "TensorboardRun.display_name": HONOURED,
    "TensorboardRun.labels": HONOURED,
    "TensorboardTimeSeries.description": HONOURED,
    "TensorboardTimeSeries.display_name": HONOURED,
    "TensorboardTimeSeries.metadata": HONOURED,
    "TensorboardTimeSeries.plugin_data": HONOURED,
    "TensorboardTimeSeries.plugin_name": HONOURED,
    "TensorboardTimeSeries.value_type": HONOURED,
}
NOTES: dict[str, str] = {
    "Tensorboard.blob_storage_path_prefix": "Set by the engine: the bucket that "
    "Google's uploader writes blobs to. Blobs in written points are in the engine's store.",
    "Tensorboard.run_count": "Set by the engine; not read from requests.",
    "TensorboardTimeSeries.metadata": "Set by the engine; not read from requests.",
}
