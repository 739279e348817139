"""Schedules of Vertex AI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from google.cloud import aiplatform_v1
from google.protobuf import field_mask_pb2

from vertex_flow.calls import if_there
from vertex_flow.client.calling import Caller


class Schedules(Caller):
    """Makes, changes, lists and deletes schedules."""

    def create_schedule(self, schedule: aiplatform_v1.Schedule) -> aiplatform_v1.Schedule:
        """Create a schedule; the service chooses its name."""
        return self._call(self._schedules.create_schedule, parent=self.parent, schedule=schedule)

    def get_schedule(self, name: str) -> aiplatform_v1.Schedule:
        """Read a schedule."""
        return self._call(self._schedules.get_schedule, name=name)

    def schedules(self, text: str = "") -> Iterator[aiplatform_v1.Schedule]:
        """Every schedule that matches a filter, the oldest first."""
        method = self._schedules.list_schedules
        return self._listed(method, "schedules", filter=text, order_by="create_time")

    def update_schedule(
        self, schedule: aiplatform_v1.Schedule, fields: Sequence[str]
    ) -> aiplatform_v1.Schedule:
        """Change some fields of a schedule."""
        mask = field_mask_pb2.FieldMask(paths=list(fields))
        request = {"schedule": schedule, "update_mask": mask}
        return self._call(self._schedules.update_schedule, request=request)

    def pause_schedule(self, name: str) -> None:
        """Have a schedule start no runs until it is resumed."""
        self._call(self._schedules.pause_schedule, name=name)

    def resume_schedule(self, name: str, *, catch_up: bool) -> None:
        """Have a paused schedule start runs again, with or without those that were missed."""
        self._call(self._schedules.resume_schedule, request={"name": name, "catch_up": catch_up})

    def delete_schedule(self, name: str) -> None:
        """Delete a schedule, and wait until it is gone; it may be gone already.

        The runs that it has started stay.
        """
        if_there(lambda: self._done(self._call(self._schedules.delete_schedule, name=name)))

    @cached_property
    def _schedules(self) -> Any:
        return self._service(aiplatform_v1.ScheduleServiceClient)
