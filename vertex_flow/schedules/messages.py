"""What the messages of schedules say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vertex_flow.errors import SettingError
from vertex_flow.names import FLOW_LABEL

DIGEST_LABEL = "vertex-flow-digest"
"""Label of a schedule's pipeline job that tells whether the pipeline has changed."""


def _labels(schedule: Any) -> Mapping[str, str]:
    labels: Mapping[str, str] = schedule.create_pipeline_job_request.pipeline_job.labels
    return labels


def flow_of(schedule: Any) -> str:
    """Name of the flow that a schedule runs; empty where it is none of this package."""
    return _labels(schedule).get(FLOW_LABEL, "")


def digest_of(schedule: Any) -> str:
    """What tells the pipelines of schedules apart."""
    return _labels(schedule).get(DIGEST_LABEL, "")


def is_complete(schedule: Any) -> bool:
    """Tell whether it starts no more runs."""
    return bool(schedule.state.name == "COMPLETED")


def check_single(name: str, found: list[Any]) -> None:
    """Refuse more than one schedule of a name.

    Raises:
        SettingError: There are more; with their resource names.
    """
    if len(found) > 1:
        listed = "\n".join(f"  {one.name}" for one in found)
        raise SettingError(
            f"{len(found)} schedules have the name {name!r}:\n{listed}\n"
            "Delete all but one: Schedule.attach(context, '<one of these>').delete()."
        )
