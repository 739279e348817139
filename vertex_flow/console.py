"""Where a person sees what runs in Google Cloud: links to its console."""

from __future__ import annotations

from urllib.parse import quote

from vertex_flow.names import Resource

_ROOT = "https://console.cloud.google.com"
_PAGES = {
    "pipelineJobs": "vertex-ai/locations/{location}/pipelines/runs/{id}",
    "customJobs": "vertex-ai/locations/{location}/training/{id}",
    "hyperparameterTuningJobs": "vertex-ai/locations/{location}/training/{id}",
    "models": "vertex-ai/locations/{location}/models/{id}",
    "endpoints": "vertex-ai/locations/{location}/endpoints/{id}",
}


def resource_url(name: str, project: str | None = None) -> str | None:
    """Link to the page of a resource, or give None for a kind that has no page of its own.

    Args:
        name: Its resource name.
        project: Id of the project, where the name holds only its number.
    """
    found = Resource.parse(name)
    page = _PAGES.get(found.collection)
    if page is None:
        return None
    path = page.format(location=found.location, id=found.id)
    return f"{_ROOT}/{path}?project={quote(project or found.project)}"


def logs_url(query: str, project: str) -> str:
    """Link to the Logs Explorer with a query.

    Args:
        query: A filter of Cloud Logging.
        project: Project id.
    """
    return f"{_ROOT}/logs/query;query={quote(query, safe='')}?project={quote(project)}"


def quotas_url(project: str) -> str:
    """Link to the quotas of a project."""
    return f"{_ROOT}/iam-admin/quotas?project={quote(project)}"


def tensorboard_url(instance: str, experiment: str) -> str:
    """Link to an experiment of a TensorBoard instance.

    Args:
        instance: Resource name of the instance.
        experiment: Id of the experiment; that of a job is the job's own.
    """
    name = f"{Resource.parse(instance)}/experiments/{experiment}".replace("/", "+")
    location = Resource.parse(instance).location
    return f"https://{location}.tensorboard.googleusercontent.com/experiment/{name}"
