"""How a pipeline job is created exactly once, whatever becomes of the answers."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime, timezone

from google.cloud import aiplatform_v1
from google.protobuf import json_format

from vertex_flow.client import Client
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.names import SUBMISSION_LABEL, pipeline_job_name


def create_once(
    client: Client, job_id: str, job: aiplatform_v1.PipelineJob, *, repeatable: bool
) -> aiplatform_v1.PipelineJob:
    """Create a pipeline job, or find the one that an earlier try has created.

    The job carries a label with the digest of what is sent. When the service says that there is
    a job of that id, because the answer to an earlier try was lost, the label tells whether it
    is this one.

    Args:
        client: Vertex AI.
        job_id: Id of the job.
        job: The message; it is not changed.
        repeatable: Whether a later call with the same message means the same job. Else only the
            tries of this call do.

    Returns:
        The job as the service has it.

    Raises:
        SettingError: There is another job of that id.
        ApiError: The service refused, or did not answer.
    """
    stamp = digest(job, "" if repeatable else secrets.token_hex(16))
    stamped = aiplatform_v1.PipelineJob(job)
    stamped.labels[SUBMISSION_LABEL] = stamp
    try:
        return client.create_pipeline_job(job_id, stamped)
    except ApiError as error:
        if error.code == 409:
            return _recognised(client, job_id, stamp)
        if error.code >= 500 and client.token is None:
            raise _unknown(error, job_id) from error
        raise


def fresh_id(flow: str) -> str:
    """Give an id for a new run: the flow's name and the time, to the millisecond."""
    now = datetime.now(timezone.utc)
    return f"{flow}-{now:%Y%m%d%H%M%S}-{now.microsecond // 1000:03d}"


def digest(job: aiplatform_v1.PipelineJob, nonce: str = "") -> str:
    """Tell messages apart: 40 hexadecimal digits that follow from what is in one.

    Args:
        job: The message.
        nonce: What tells equal messages apart that are not meant to be the same.
    """
    plain = json_format.MessageToDict(type(job).pb(job))
    text = json.dumps([plain, nonce], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _recognised(client: Client, job_id: str, stamp: str) -> aiplatform_v1.PipelineJob:
    found = client.get_pipeline_job(pipeline_job_name(client.parent, job_id))
    if found.labels.get(SUBMISSION_LABEL) == stamp:
        return found
    state = found.state.name.removeprefix("PIPELINE_STATE_")
    raise SettingError(
        f"Flow.run(job_id={job_id!r}): there is a pipeline job of that id, {state}, which was "
        "made of another flow, or with other parameters or options. Use another job_id, or "
        f"follow that one: Run.attach(context, {job_id!r}).wait()."
    )


def _unknown(error: ApiError, job_id: str) -> ApiError:
    """Say what a caller cannot know: a request whose answer is missing may have arrived."""
    return ApiError(
        error.code,
        error.status,
        f"{error.message}. Whether the run was submitted is not known",
        cause="Vertex AI was not reached, or is overloaded.",
        fix=f"look for it before another try: Run.attach(context, {job_id!r})",
    )
