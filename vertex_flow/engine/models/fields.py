"""What is made of each field of models and their evaluations."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level

_ACCESS = "Whoever has the engine's token may do everything."

REFUSED_CALLS: dict[str, str] = {
    "getIamPolicy": _ACCESS,
    "setIamPolicy": _ACCESS,
    "testIamPermissions": _ACCESS,
    "updateExplanationDataset": "Explanations are computed on Vertex AI only.",
}
_PROBES = ("health_probe", "liveness_probe", "startup_probe")

FIELDS: dict[str, Level] = {
    "CopyModelRequest.custom_service_account": SIMULATED,
    "CopyModelRequest.encryption_spec": SIMULATED,
    "CopyModelRequest.model_id": HONOURED,
    "CopyModelRequest.parent": HONOURED,
    "CopyModelRequest.parent_model": HONOURED,
    "CopyModelRequest.source_model": HONOURED,
    "ExportModelRequest.name": HONOURED,
    "ExportModelRequest.output_config.artifact_destination": HONOURED,
    "ExportModelRequest.output_config.export_format_id": HONOURED,
    "ExportModelRequest.output_config.image_destination": REFUSED,
    "Model.artifact_uri": HONOURED,
    "Model.base_model_source": REFUSED,
    "Model.checkpoints": SIMULATED,
    "Model.container_spec": HONOURED,
    "Model.container_spec.grpc_ports": REFUSED,
    "Model.container_spec.invoke_route_prefix": REFUSED,
    "Model.container_spec.ports": SIMULATED,
    "Model.container_spec.shared_memory_size_mb": SIMULATED,
    "Model.create_time": HONOURED,
    "Model.data_stats": SIMULATED,
    "Model.default_checkpoint_id": REFUSED,
    "Model.deployed_models": HONOURED,
    "Model.description": HONOURED,
    "Model.display_name": HONOURED,
    "Model.encryption_spec": SIMULATED,
    "Model.etag": SIMULATED,
    "Model.explanation_spec": REFUSED,
    "Model.labels": HONOURED,
    "Model.metadata": SIMULATED,
    "Model.metadata_artifact": SIMULATED,
    "Model.metadata_schema_uri": SIMULATED,
    "Model.model_source_info": SIMULATED,
    "Model.name": HONOURED,
    "Model.original_model_info": HONOURED,
    "Model.pipeline_job": SIMULATED,
    "Model.predict_schemata": SIMULATED,
    "Model.satisfies_pzi": SIMULATED,
    "Model.satisfies_pzs": SIMULATED,
    "Model.supported_deployment_resources_types": HONOURED,
    "Model.supported_export_formats": HONOURED,
    "Model.supported_input_storage_formats": HONOURED,
    "Model.supported_output_storage_formats": HONOURED,
    "Model.training_pipeline": SIMULATED,
    "Model.update_time": HONOURED,
    "Model.version_aliases": HONOURED,
    "Model.version_create_time": HONOURED,
    "Model.version_description": HONOURED,
    "Model.version_id": HONOURED,
    "Model.version_update_time": HONOURED,
    "ModelEvaluation": HONOURED,
    **{f"Model.container_spec.{probe}.exec_": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.failure_threshold": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.grpc": REFUSED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.http_get": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.initial_delay_seconds": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.period_seconds": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.success_threshold": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.tcp_socket": HONOURED for probe in _PROBES},
    **{f"Model.container_spec.{probe}.timeout_seconds": HONOURED for probe in _PROBES},
}
NOTES: dict[str, str] = {
    "Model.artifact_uri": "Served from where it lies: Vertex AI copies the files, the engine does "
    "not, so leave them as they are.",
    "Model.container_spec": "image_uri of a prebuilt Vertex AI image chooses the model server of "
    "that framework; of any other image, command and args are run in this environment.",
    "Model.container_spec.health_probe.period_seconds": "Checked more often until it passes for "
    "the first time.",
    "Model.container_spec.ports": "Servers share one machine: each gets a free port, in "
    "AIP_HTTP_PORT; a probe of the first port goes to that one.",
    "Model.deployed_models": "Set by the engine; not read from requests.",
    "Model.etag": "Changes with the version; an update does not compare it.",
    "Model.explanation_spec": "Explanations are computed on Vertex AI only.",
    "Model.original_model_info": "Set by models.copy; not read from requests.",
    "Model.supported_export_formats": "custom-trained, of a model that has files.",
    "Model.version_id": "Set by the engine; not read from requests.",
    "projects.locations.models.upload": "The service_account of a request has no effect here.",
    **{f"projects.locations.models.{name}": text for name, text in REFUSED_CALLS.items()},
}
REFUSED_METHODS = frozenset(f"projects.locations.models.{name}" for name in REFUSED_CALLS)
