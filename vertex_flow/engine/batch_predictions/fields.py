"""What the engine makes of each field of a batch prediction job."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.models import FIELDS as MODEL

_JOB = "BatchPredictionJob"
_UNMANAGED = f"{_JOB}.unmanaged_container_model"
_SPEC = "Model.container_spec"

FIELDS: dict[str, Level] = {
    f"{_JOB}.completion_stats": HONOURED,
    f"{_JOB}.dedicated_resources.machine_spec": SIMULATED,
    f"{_JOB}.dedicated_resources.max_replica_count": SIMULATED,
    f"{_JOB}.dedicated_resources.starting_replica_count": HONOURED,
    f"{_JOB}.disable_container_logging": SIMULATED,
    f"{_JOB}.display_name": HONOURED,
    f"{_JOB}.encryption_spec": SIMULATED,
    f"{_JOB}.explanation_spec": REFUSED,
    f"{_JOB}.generate_explanation": REFUSED,
    f"{_JOB}.input_config": HONOURED,
    f"{_JOB}.input_config.bigquery_source": REFUSED,
    f"{_JOB}.input_config.vertex_multimodal_dataset_source": REFUSED,
    f"{_JOB}.instance_config": HONOURED,
    f"{_JOB}.labels": HONOURED,
    f"{_JOB}.manual_batch_tuning_parameters": HONOURED,
    f"{_JOB}.model": HONOURED,
    f"{_JOB}.model_parameters": HONOURED,
    f"{_JOB}.model_version_id": HONOURED,
    f"{_JOB}.output_config": HONOURED,
    f"{_JOB}.output_config.bigquery_destination": REFUSED,
    f"{_JOB}.output_config.vertex_multimodal_dataset_destination": REFUSED,
    f"{_JOB}.output_info": HONOURED,
    f"{_JOB}.partial_failures": HONOURED,
    f"{_JOB}.resources_consumed": HONOURED,
    f"{_JOB}.service_account": SIMULATED,
    f"{_UNMANAGED}.artifact_uri": HONOURED,
    **{
        path.replace("Model.", f"{_UNMANAGED}.", 1): level
        for path, level in MODEL.items()
        if path.startswith(_SPEC)
    },
    f"{_UNMANAGED}.predict_schemata": SIMULATED,
}
NOTES: dict[str, str] = {
    **{
        f"{_JOB}.{name}": "Set by the engine; not read from requests."
        for name in (
            "completion_stats",
            "model_version_id",
            "output_info",
            "partial_failures",
            "resources_consumed",
        )
    },
    f"{_JOB}.dedicated_resources.max_replica_count": "As on Vertex AI, the number of replicas "
    "stays what it was at the start.",
    f"{_JOB}.dedicated_resources.starting_replica_count": "So many model servers run side by "
    "side, at most one a core of this machine; 1 when not set.",
    f"{_JOB}.disable_container_logging": "The servers' logs stay on this machine.",
    f"{_JOB}.input_config": "instances_format is jsonl, csv, file-list, tf-record or "
    "tf-record-gzip. URIs may have the wildcards *, **, ? and [...]. Input is read as it is sent, "
    "and an instance may have up to 32 MiB.",
    f"{_JOB}.instance_config": "Of tf-record and file-list, instances have no fields that could "
    "be chosen.",
    f"{_JOB}.manual_batch_tuning_parameters": "A batch that the model server refuses is sent "
    "again in halves, so that one bad row costs no other row its prediction.",
    f"{_JOB}.output_config": "predictions_format is jsonl. A results file for each replica, its "
    "lines in the order of the input; with one replica, that is the order of all instances. "
    "Instances without a prediction are in prediction.errors_stats, each with its error, where "
    "Vertex AI counts errors. The job fails when no instance has a prediction.",
}
