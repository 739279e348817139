"""Pipeline jobs of Vertex AI."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from google.cloud import aiplatform_v1

from vertex_flow.client.calling import Caller


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

    def pipeline_jobs(self, text: str) -> Iterator[aiplatform_v1.PipelineJob]:
        """Every pipeline job that matches a filter, the newest first, without its tasks."""
        method = self._pipelines.list_pipeline_jobs
        return self._listed(method, "pipeline_jobs", filter=text, order_by="create_time desc")

    @cached_property
    def _pipelines(self) -> Any:
        return self._service(aiplatform_v1.PipelineServiceClient)
