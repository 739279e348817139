"""What is told by a pipeline job before it runs: its parts, and what its tasks know of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.pipelines.labels import RUN_LABEL, SCHEDULE_LABEL
from vertex_flow.engine.pipelines.work import JobFacts
from vertex_flow.engine.state.home import Home
from vertex_flow.names import join_uri

_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")


def job_id(given: str, pipeline: str, taken: Callable[[str], bool]) -> str:
    """Give the id of a new job: the one asked for, or the pipeline's name and the time.

    Args:
        given: What was asked for, or empty.
        pipeline: The pipeline's name.
        taken: Tells whether a job has an id; one that was asked for is not changed.

    Raises:
        ApiError: INVALID_ARGUMENT when it is not a valid id.
    """
    found = given or _fresh(f"{pipeline[:100]}-{datetime.now(timezone.utc):%Y%m%d%H%M%S}", taken)
    if not _ID.fullmatch(found):
        raise invalid(
            f"Invalid pipeline_job_id {found!r}: expected up to 128 lower-case letters, digits "
            f"and hyphens, a letter first ({_ID.pattern})."
        )
    return found


def _fresh(name: str, taken: Callable[[str], bool]) -> str:
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(name for name in names if not taken(name))


def check(job: Any, home: Home) -> None:
    """Check the plain fields of a new job.

    Args:
        job: A `PipelineJob` with its output directory filled in.
        home: The engine's folder.

    Raises:
        ApiError: INVALID_ARGUMENT that names the field.
    """
    check_display_name(job.display_name)
    check_labels(job.labels)
    root = job.runtime_config.gcs_output_directory
    if not root:
        raise invalid(
            "runtime_config.gcs_output_directory is required: the pipeline spec has no "
            "default_pipeline_root either."
        )
    home.path(root)


def of(job: Any, pipeline: str) -> JobFacts:
    """Give what the tasks of a job know of it.

    Args:
        job: The `PipelineJob`, created.
        pipeline: The pipeline's name.
    """
    project, location = job.name.split("/")[1:4:2]
    identifier = job.name.rpartition("/")[2]
    created = _time(job.create_time)
    root = job.runtime_config.gcs_output_directory.rstrip("/")
    uuid = job.labels[RUN_LABEL]
    words = {
        "pipeline_job_name": identifier,
        "pipeline_job_resource_name": job.name,
        "pipeline_job_uuid": uuid,
        "pipeline_job_create_time_utc": created,
        "pipeline_job_schedule_time_utc": _due(job) or created,
        "pipeline_root": root,
        "workspace_path": join_uri(root, identifier, "workspace"),
        "pipeline_google_cloud_project_id": project,
        "pipeline_google_cloud_location": location,
        "pipeline_service_account": job.service_account,
        "pipeline_network": job.network,
        "pipeline_persistent_resource_id": "",
        "pipeline_encryption_key_name": job.encryption_spec.kms_key_name,
    }
    return JobFacts(
        name=job.name,
        pipeline=pipeline,
        id=identifier,
        uuid=uuid,
        root=root,
        words=words,
        labels=dict(job.labels),
    )


def _due(job: Any) -> str:
    """Give the time that a schedule had a job due at, or nothing when none has."""
    seconds = job.labels.get(SCHEDULE_LABEL) if job.schedule_name else None
    return _time(datetime.fromtimestamp(int(seconds), timezone.utc)) if seconds else ""


def _time(moment: Any) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
