"""How a run is started: built, checked, submitted once, and followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vertex_flow.context import GcpContext
from vertex_flow.errors import ApiError, EngineError
from vertex_flow.report.showing import ProgressTo, view_of
from vertex_flow.runs import reaching
from vertex_flow.runs.options import Settled, settle
from vertex_flow.runs.run import Run
from vertex_flow.runs.sending import create_once, fresh_id

if TYPE_CHECKING:
    from google.cloud import aiplatform_v1

    from vertex_flow.client import Client
    from vertex_flow.graph import Graph

Say = Callable[[str], None]


def start(  # noqa: PLR0913 - the options of Flow.run, passed on
    graph: Graph,
    context: GcpContext,
    *,
    params: Mapping[str, Any],
    enable_caching: bool | None,
    wait: bool,
    progress: ProgressTo,
    options: Mapping[str, Any],
) -> Run:
    """Compile a graph, submit it, and follow it to its end.

    Args:
        graph: The wired stages.
        context: Where to run.
        params: Values for pipeline parameters, by name.
        enable_caching: Whether earlier results are reused; None for as it was compiled.
        wait: Whether to return only when the run has ended.
        progress: Where progress is shown while waiting, as in `Flow.run`.
        options: Further options, those of `RunOptions`.
    """
    from vertex_flow.runs import experiments, preflight, submission

    view = view_of(progress, "Flow.run")
    say = view.say if view else None
    settled = settle(context, options)
    values = submission.parameter_values(graph, context, params, settled)
    job_id = settled.job_id or fresh_id(graph.name)
    client, engine = reaching.connect(context, to_start=True)
    run = None
    try:
        job = submission.pipeline_job(
            graph, context, values, options=settled, enable_caching=enable_caching
        )
        preflight.check(job_id, job, context, settled)
        experiment = _experiment(client, settled)
        run = Run(client, _submitted(client, job_id, job, settled, say), engine, context)
        if wait and say:
            say(first_line(run))
        if experiment:
            with run.detaching(say):
                experiments.show(client, experiment, run.name, say)
        return run.wait(progress=view) if wait else run
    except EngineError:
        raise  # there is no engine any more, and the run goes on in the next one
    except BaseException:
        reaching.give_up(engine, run)
        raise


def _experiment(client: Client, settled: Settled) -> str:
    """Have the experiment that is asked for, and give its resource name; empty for none."""
    from vertex_flow.runs import experiments
    from vertex_flow.runs.failures import explained

    if not settled.experiment:
        return ""
    try:
        return experiments.ensure(client, settled.experiment, settled.encryption_key)
    except ApiError as error:
        raise explained(error, client.parent) from error


def _submitted(
    client: Client,
    job_id: str,
    job: aiplatform_v1.PipelineJob,
    settled: Settled,
    progress: Say | None,
) -> str:
    """Submit a job and give its name."""
    from vertex_flow.runs.failures import explained

    try:
        created = create_once(client, job_id, job, repeatable=bool(settled.job_id))
    except ApiError as error:
        raise explained(error, client.parent) from error
    except KeyboardInterrupt:
        if progress and client.token is None:
            progress(
                "interrupted while it was submitted; whether there is a run is not known. To look "
                f"for it: Run.attach(context, {job_id!r})"
            )
        raise
    return str(created.name)


def first_line(run: Run) -> str:
    """Word which run was started, and where it is seen in Google Cloud's console."""
    url = run.console_url
    return f"run {run.job_id}  {url}" if url else f"run {run.job_id}"
