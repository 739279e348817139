"""What Vertex AI, or this machine, refuses in a batch prediction job."""

from __future__ import annotations

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid, unimplemented
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.batch_predictions.instances import check_instance_config
from vertex_flow.engine.batch_predictions.readers import FORMATS
from vertex_flow.engine.batch_predictions.sources import check_uris
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import nearest

_PREDICTIONS = ("jsonl",)
_ELSEWHERE = {
    "bigquery": "there is no BigQuery on this machine",
    "vertex-multimodal-dataset": "there are no dataset resources on this machine",
}


def check_batch(job: types.BatchPredictionJob, home: Home) -> None:
    """Refuse a job that cannot run, whatever its model is.

    Args:
        job: As it was sent.
        home: Resolves URIs.

    Raises:
        ApiError: INVALID_ARGUMENT that names the field, or UNIMPLEMENTED.
    """
    check_display_name(job.display_name, required=True)
    check_labels(job.labels)
    if bool(job.model) == ("unmanaged_container_model" in job):
        raise invalid("Exactly one of model and unmanaged_container_model has to be set.")
    if "publishers/" in job.model:
        raise unimplemented(
            f"model {job.model}: publishers' models run in the cloud alone. Use a model of the "
            "registry here, or send the request to Vertex AI."
        )
    _check_input(job, home)
    _check_output(job, home)
    _check_resources(job)
    if job.manual_batch_tuning_parameters.batch_size < 0:
        raise invalid("manual_batch_tuning_parameters.batch_size must not be negative.")


def _check_input(job: types.BatchPredictionJob, home: Home) -> None:
    config = job.input_config
    _check_format(config.instances_format, FORMATS, "input_config.instances_format")
    check_uris(config.gcs_source.uris, home)
    check_instance_config(job.instance_config, config.instances_format)


def _check_output(job: types.BatchPredictionJob, home: Home) -> None:
    config = job.output_config
    _check_format(config.predictions_format, _PREDICTIONS, "output_config.predictions_format")
    prefix = config.gcs_destination.output_uri_prefix
    if not prefix:
        raise invalid(
            "output_config.gcs_destination.output_uri_prefix is required: where the predictions "
            'are written to, for example "gs://bucket/predictions".'
        )
    home.path(prefix)


def _check_format(found: str, known: tuple[str, ...], field: str) -> None:
    if found in known:
        return
    if found in _ELSEWHERE:
        raise unimplemented(f"{field} '{found}': {_ELSEWHERE[found]}.")
    what = f"{found!r} is not one that a model supports here" if found else "is required"
    raise invalid(f"{field} {what}; supported: {', '.join(known)}.{nearest(found, known)}")


def _check_resources(job: types.BatchPredictionJob) -> None:
    resources = job.dedicated_resources
    if not resources.machine_spec.machine_type:
        raise invalid(
            "dedicated_resources.machine_spec.machine_type is required, for example "
            "n1-standard-2: the model does not support automatic resources."
        )
    for field in ("starting_replica_count", "max_replica_count"):
        if getattr(resources, field) < 0:
            raise invalid(f"dedicated_resources.{field} must not be negative.")
    if 0 < resources.max_replica_count < resources.starting_replica_count:
        raise invalid(
            f"dedicated_resources.starting_replica_count {resources.starting_replica_count} is "
            f"above max_replica_count {resources.max_replica_count}."
        )
