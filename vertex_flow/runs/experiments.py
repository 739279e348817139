"""Runs in Vertex AI Experiments: beside each other, with their parameters and metrics."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

from google.cloud import aiplatform_v1

from vertex_flow.client import Client
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.report.states import is_over
from vertex_flow.texts import plain

_SCHEMA, _VERSION = "system.Experiment", "0.0.1"
_OF_JOBS = "tensorboard_link"  # marks the contexts that Vertex AI makes for custom jobs
_LOOKS = 300


def ensure(client: Client, name: str, encryption_key: str = "") -> str:
    """Make an experiment when it is not there, as Google's `Experiment.get_or_create` does.

    Args:
        client: Vertex AI.
        name: The experiment's name.
        encryption_key: Cloud KMS key of the metadata store, should it have to be made.

    Returns:
        Resource name of its context.

    Raises:
        SettingError: There is something else of that name.
    """
    client.ensure_metadata_store(encryption_key)
    found = client.metadata_context(name)
    if found is None:
        found = _create(client, name)
    if found.schema_title != _SCHEMA or _OF_JOBS in (found.metadata or {}):
        raise SettingError(
            f"experiment {name!r}: there is a {found.schema_title or 'context'} of that name in "
            "Vertex ML Metadata, which is no experiment. Use another name."
        )
    return str(found.name)


def associate(
    client: Client, experiment: str, run: str, *, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Put a run into an experiment, as Google's `PipelineJob.submit(experiment=)` does.

    Vertex AI makes the context of a run some seconds after the run, which is waited for.

    Args:
        client: Vertex AI.
        experiment: Resource name of the experiment's context.
        run: Resource name of the pipeline job.
        sleep: Waits for some seconds.

    Returns:
        Whether it is in it; not, when the run ended or went on without a context of its own.
    """
    for _ in range(_LOOKS):
        job = client.get_pipeline_job(run)
        context = job.job_detail.pipeline_run_context.name
        if context:
            client.add_context_children(experiment, [context])
            return True
        if is_over(job.state.name.removeprefix("PIPELINE_STATE_")):
            return False
        sleep(1.0)
    return False


def show(client: Client, experiment: str, run: str, say: Callable[[str], None] | None) -> None:
    """Put a run into an experiment; it goes on where that cannot be done, which is said.

    Args:
        client: Vertex AI.
        experiment: Resource name of the experiment's context.
        run: Resource name of the pipeline job.
        say: Called with the line; None for a warning.
    """
    try:
        if associate(client, experiment, run):
            return
        why = "it has no context in Vertex ML Metadata."
    except ApiError as error:
        why = plain(error.message)
    name, run_id = (one.rpartition("/")[2] for one in (experiment, run))
    line = f"run {run_id} is not shown in experiment {name}: {why}"
    if say:
        say(line)
    else:
        warnings.warn(line, RuntimeWarning, stacklevel=2)


def showing(client: Client, run: str) -> tuple[str, ...]:
    """Find the experiments that show a run: the resource names of their contexts.

    Args:
        client: Vertex AI.
        run: Resource name of the pipeline job.

    Returns:
        The names; none where metadata may not be read.
    """
    try:
        own = client.get_pipeline_job(run).job_detail.pipeline_run_context.name
        found = _context(client, own) if own else None
        parents = [_context(client, name) for name in found.parent_contexts] if found else []
    except ApiError:
        return ()
    return tuple(str(one.name) for one in parents if one and one.schema_title == _SCHEMA)


def _context(client: Client, name: str) -> aiplatform_v1.Context | None:
    return client.metadata_context(name.rpartition("/")[2])


def _create(client: Client, name: str) -> aiplatform_v1.Context:
    draft = aiplatform_v1.Context(
        display_name=name,
        schema_title=_SCHEMA,
        schema_version=_VERSION,
        metadata={"experiment_deleted": False},
    )
    try:
        return client.create_metadata_context(name, draft)
    except ApiError as error:
        found = client.metadata_context(name) if error.code == 409 else None  # another was quicker
        if found is None:
            raise
        return found
