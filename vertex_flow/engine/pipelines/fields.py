"""What the engine makes of each field of a pipeline job."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level

FIELDS: dict[str, Level] = {
    "PipelineJob.display_name": HONOURED,
    "PipelineJob.labels": HONOURED,
    "PipelineJob.pipeline_spec": HONOURED,
    "PipelineJob.runtime_config.gcs_output_directory": HONOURED,
    "PipelineJob.runtime_config.parameter_values": HONOURED,
    "PipelineJob.runtime_config.failure_policy": HONOURED,
    "PipelineJob.runtime_config.parameters": REFUSED,
    "PipelineJob.runtime_config.input_artifacts": HONOURED,
    "PipelineJob.service_account": SIMULATED,
    "PipelineJob.network": SIMULATED,
    "PipelineJob.reserved_ip_ranges": SIMULATED,
    "PipelineJob.psc_interface_config": SIMULATED,
    "PipelineJob.encryption_spec": SIMULATED,
    "PipelineJob.preflight_validations": SIMULATED,
    "PipelineJob.template_uri": REFUSED,
    "PipelineJob.template_metadata": SIMULATED,
    "PipelineJob.job_detail": SIMULATED,
    "PipelineJob.schedule_name": SIMULATED,
}

NOTES: dict[str, str] = {
    "PipelineJob.pipeline_spec": (
        "Images, CPUs, memory and accelerators of containers are simulated: commands run in this "
        "environment, or in the folder of an image `file://<folder>`. Settings for Kubernetes are "
        "a document of their own, which a pipeline job does not take; TaskConfig is empty."
    ),
    "PipelineJob.runtime_config.parameters": (
        "The form of the KFP SDK 1; compile with the KFP SDK 2 and use parameter_values."
    ),
    "PipelineJob.service_account": (
        "Only given to tasks through {{$.pipeline_service_account}}; nothing is checked."
    ),
    "PipelineJob.network": "Only given to tasks through {{$.pipeline_network}}.",
    "PipelineJob.reserved_ip_ranges": "Tasks are processes of this machine.",
    "PipelineJob.psc_interface_config": "Tasks are processes of this machine.",
    "PipelineJob.encryption_spec": (
        "Only given to tasks through {{$.pipeline_encryption_key_name}}; nothing is encrypted."
    ),
    "PipelineJob.preflight_validations": "What can be checked before a job runs always is.",
    "PipelineJob.template_uri": (
        "Templates of a registry are not fetched; send the compiled pipeline."
    ),
    "PipelineJob.job_detail": "Output only: what a request says of it does not count.",
    "PipelineJob.schedule_name": "Output only: what a request says of it does not count.",
    "PipelineJob.template_metadata": "Output only: what a request says of it does not count.",
}
