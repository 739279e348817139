"""The model servers of a job: how many, and how each is run."""

from __future__ import annotations

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.endpoints.plans import ServerPlan, plan_server
from vertex_flow.engine.jobs.replicas import cores
from vertex_flow.engine.state.home import Home
from vertex_flow.names import Resource


def plan_replicas(
    home: Home, job: types.BatchPredictionJob, model: types.Model
) -> list[ServerPlan]:
    """Decide how the model of a job is served.

    Args:
        home: Resolves URIs and gives the logs' places.
        job: The job, its name set.
        model: The version that it asks, or what stands for an unmanaged model.

    Raises:
        ApiError: FAILED_PRECONDITION when this machine cannot serve it.
    """
    count = max(1, min(job.dedicated_resources.starting_replica_count, cores()))
    return [_plan(home, job, model, number) for number in range(count)]


def served_model(job: types.BatchPredictionJob) -> types.Model:
    """Give an unmanaged model as a model of the registry."""
    given = job.unmanaged_container_model
    return types.Model(
        display_name=job.display_name,
        artifact_uri=given.artifact_uri,
        container_spec=given.container_spec,
        predict_schemata=given.predict_schemata,
    )


def _plan(home: Home, job: types.BatchPredictionJob, model: types.Model, number: int) -> ServerPlan:
    resources = types.DedicatedResources(machine_spec=job.dedicated_resources.machine_spec)
    deployed = types.DeployedModel(id=str(number), dedicated_resources=resources)
    plan = plan_server(home, endpoint=job.name, deployed=deployed, model=model)
    return attrs.evolve(
        plan,
        name=f"{job.name}/replicas/{number}",
        log=home.log("batchPredictionJobs", Resource.parse(job.name).id, f"replica-{number}"),
    )
