"""Access to Vertex AI from inside a component: the cloud, or the API that the environment names.

KFP copies these functions into the components that use them, so each imports what it needs.
"""

from typing import Any


def vertex_access(location: str) -> dict[str, Any]:
    """Say where Vertex AI's API of a location is, `host`, and with which `credentials`.

    `VERTEX_FLOW_API_ENDPOINT` and `VERTEX_FLOW_API_TOKEN` in the environment replace the cloud's
    endpoint and the default credentials.
    """
    import os

    from google.oauth2.credentials import Credentials

    endpoint = os.environ.get("VERTEX_FLOW_API_ENDPOINT", "")
    if not endpoint:
        return {"host": f"{location}-aiplatform.googleapis.com", "credentials": None}
    token = os.environ.get("VERTEX_FLOW_API_TOKEN", "")
    return {"host": endpoint, "credentials": Credentials(token)}


def vertex_client(service: str, location: str) -> Any:
    """Build one of Google's generated clients, for example `JobServiceClient`, over REST."""
    from google.api_core.client_options import ClientOptions
    from google.cloud import aiplatform_v1

    access = vertex_access(location)
    return getattr(aiplatform_v1, service)(
        transport="rest",
        credentials=access["credentials"],
        client_options=ClientOptions(api_endpoint=access["host"]),
    )


def wait_for(operation: Any, result_type: Any, location: str) -> Any:
    """Wait up to 15 minutes for a long-running operation, and return its result.

    The operation's own `result()` is not used: over REST the generated clients ask for it under
    `/ui/`, which is not part of the documented API.
    """
    from google.api_core import operation as operations
    from google.api_core import operations_v1

    transport = operations_v1.OperationsRestTransport(**vertex_access(location))
    client = operations_v1.AbstractOperationsClient(transport=transport)
    return operations.from_gapic(operation.operation, client, result_type).result(timeout=900)


def job_name(gcp_resources: str, kind: str) -> str:
    """Find the name of a job, `projects/…`, in the `gcp_resources` output of the task it ran in."""
    import json

    try:
        resources = json.loads(gcp_resources)["resources"]
        uris = [item["resourceUri"] for item in resources if item["resourceType"] == kind]
    except (ValueError, KeyError, TypeError):
        uris = []
    if not uris or "/v1/projects/" not in uris[0]:
        raise ValueError(
            f"gcp_resources names no {kind}: {gcp_resources!r}. Pass the gcp_resources output of "
            f"the task that ran the {kind}."
        )
    return str(uris[0].split("/v1/", 1)[1])


def run_labels() -> dict[str, str]:
    """Give the labels of the pipeline run, which what it creates gets too.

    Google's components put them on what they create; others read them from the environment:
    https://cloud.google.com/vertex-ai/docs/pipelines/gcpc-label-propagation
    """
    import json
    import os

    try:
        labels = dict(json.loads(os.environ.get("VERTEX_AI_PIPELINES_RUN_LABELS") or "{}"))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in labels.items()}


def resource_uri(name: str) -> str:
    """Write the URI under which Google's components know a resource."""
    location = name.split("/")[3]
    return f"https://{location}-aiplatform.googleapis.com/v1/{name}"


def newest_named(resources: Any, display_name: str) -> Any:
    """Choose the newest resource with exactly this display name, or None."""
    named = [item for item in resources if item.display_name == display_name]

    def created(item: Any) -> float:
        return float(item.create_time.timestamp()) if item.create_time else 0.0

    return max(named, key=created, default=None)
