"""Pipeline jobs of Vertex AI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from google.cloud import aiplatform_v1
from google.protobuf import field_mask_pb2

from vertex_flow.client.calling import Caller

_PAGE = 100  # jobs that are asked for at once


class Pipelines(Caller):
    """Submits, reads, lists and cancels pipeline jobs."""

    def create_pipeline_job(
        self, job_id: str, job: aiplatform_v1.PipelineJob
    ) -> aiplatform_v1.PipelineJob:
        """Submit a pipeline."""
        return self._call(
            self._pipelines.create_pipeline_job,
            parent=self.parent,
            pipeline_job=job,
            pipeline_job_id=job_id,
        )

    def get_pipeline_job(self, name: str) -> aiplatform_v1.PipelineJob:
        """Read a pipeline job with the states of its tasks."""
        return self._call(self._pipelines.get_pipeline_job, name=name)

    def cancel_pipeline_job(self, name: str) -> None:
        """Ask for a pipeline job to be cancelled."""
        self._call(self._pipelines.cancel_pipeline_job, name=name)

    def pipeline_jobs(
        self, text: str, fields: Sequence[str], most: int | None = None
    ) -> Iterator[aiplatform_v1.PipelineJob]:
        """The pipeline jobs that match a filter, the newest first, without their tasks.

        Args:
            text: The filter; the empty text for all of them.
            fields: What is read of each, such as `name`; a whole spec has a hundred kilobytes.
            most: How many at most; None for every one.
        """
        found = self._listed(
            self._pipelines.list_pipeline_jobs,
            "pipeline_jobs",
            filter=text,
            order_by="create_time desc",
            read_mask=field_mask_pb2.FieldMask(paths=list(fields)),
            page_size=_PAGE if most is None else min(most, _PAGE),
        )
        return islice(found, most)

    @cached_property
    def _pipelines(self) -> Any:
        return self._service(aiplatform_v1.PipelineServiceClient)
