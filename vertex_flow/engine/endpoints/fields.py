"""What is made of each field of endpoints and deployed models."""

from __future__ import annotations

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level

_GRPC = "It needs a gRPC model server; call predict or rawPredict."
_STREAM = "Call streamRawPredict, which streams what the model server writes."
_GENERATIVE = "No generative model is served here; call rawPredict on a server of your own."

REFUSED_CALLS: dict[str, str] = {
    "computeTokens": _GENERATIVE,
    "countTokens": _GENERATIVE,
    "directPredict": _GRPC,
    "directRawPredict": _GRPC,
    "explain": "Explanations are computed on Vertex AI only; call predict.",
    "generateContent": _GENERATIVE,
    "serverStreamingPredict": _STREAM,
    "streamGenerateContent": _GENERATIVE,
}

FIELDS: dict[str, Level] = {
    "DeployedModel.automatic_resources": REFUSED,
    "DeployedModel.checkpoint_id": REFUSED,
    "DeployedModel.create_time": HONOURED,
    "DeployedModel.dedicated_resources": SIMULATED,
    "DeployedModel.disable_container_logging": SIMULATED,
    "DeployedModel.disable_explanations": HONOURED,
    "DeployedModel.display_name": HONOURED,
    "DeployedModel.enable_access_logging": SIMULATED,
    "DeployedModel.explanation_spec": REFUSED,
    "DeployedModel.faster_deployment_config": SIMULATED,
    "DeployedModel.id": HONOURED,
    "DeployedModel.model": HONOURED,
    "DeployedModel.model_version_id": HONOURED,
    "DeployedModel.private_endpoints": REFUSED,
    "DeployedModel.service_account": SIMULATED,
    "DeployedModel.shared_resources": REFUSED,
    "DeployedModel.speculative_decoding_spec": REFUSED,
    "DeployedModel.status": HONOURED,
    "DeployedModel.system_labels": SIMULATED,
    "Endpoint.client_connection_config": HONOURED,
    "Endpoint.create_time": HONOURED,
    "Endpoint.dedicated_endpoint_dns": REFUSED,
    "Endpoint.dedicated_endpoint_enabled": REFUSED,
    "Endpoint.deployed_models": HONOURED,
    "Endpoint.description": HONOURED,
    "Endpoint.display_name": HONOURED,
    "Endpoint.enable_private_service_connect": REFUSED,
    "Endpoint.encryption_spec": SIMULATED,
    "Endpoint.etag": SIMULATED,
    "Endpoint.gen_ai_advanced_features_config": REFUSED,
    "Endpoint.labels": HONOURED,
    "Endpoint.model_deployment_monitoring_job": REFUSED,
    "Endpoint.name": HONOURED,
    "Endpoint.network": REFUSED,
    "Endpoint.predict_request_response_logging_config": REFUSED,
    "Endpoint.private_model_server_enabled": REFUSED,
    "Endpoint.private_service_connect_config": REFUSED,
    "Endpoint.satisfies_pzi": SIMULATED,
    "Endpoint.satisfies_pzs": SIMULATED,
    "Endpoint.traffic_split": HONOURED,
    "Endpoint.update_time": HONOURED,
}
NOTES: dict[str, str] = {
    "DeployedModel.automatic_resources": "As on Vertex AI, custom models take dedicated_resources.",
    "DeployedModel.dedicated_resources": "Required as on Vertex AI; one server process on this "
    "machine, whatever the machine type, the replica counts and the autoscaling; the log of the "
    "deployed model says so.",
    "DeployedModel.disable_container_logging": "The server's output is kept in a file.",
    "DeployedModel.enable_access_logging": "There is no access log.",
    "DeployedModel.explanation_spec": "Explanations are computed on Vertex AI only.",
    "DeployedModel.service_account": "The server runs as whoever runs the engine.",
    "DeployedModel.status": "Says why a server cannot be asked: it starts, its health check fails, "
    "it has crashed and starts again, or it was given up. Not read from requests.",
    "Endpoint.client_connection_config": "inference_timeout is the longest wait for an answer; it "
    "changes by endpoints.update.",
    "Endpoint.dedicated_endpoint_enabled": "There is no host name of its own on this machine.",
    "Endpoint.deployed_models": "Set by deployModel and undeployModel; not read from requests.",
    "Endpoint.encryption_spec": "Nothing is encrypted on this machine.",
    "Endpoint.etag": "Changes with the endpoint; an update does not compare it.",
    "Endpoint.network": "Servers are reached on this machine alone.",
    "Endpoint.predict_request_response_logging_config": "It would write to BigQuery.",
    "projects.locations.endpoints.predict": "The labels of a request have no effect here.",
    "projects.locations.endpoints.rawPredict": "Google's generated REST client gets its answer in "
    "an HttpBody, everybody else as the model server wrote it.",
    "projects.locations.endpoints.update": "As on Vertex AI, of client_connection_config only.",
    **{f"projects.locations.endpoints.{name}": text for name, text in REFUSED_CALLS.items()},
}
REFUSED_METHODS = frozenset(f"projects.locations.endpoints.{name}" for name in REFUSED_CALLS)
