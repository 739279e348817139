"""Custom jobs and hyperparameter tuning jobs of Vertex AI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from google.cloud import aiplatform_v1

from vertex_flow.client.calling import Caller, named
from vertex_flow.names import (
    CUSTOM_JOBS,
    TUNING_JOBS,
    Resource,
    job_collection,
    job_display_name,
)


class Jobs(Caller):
    """Reads and lists the jobs that stages start."""

    def get_custom_job(self, name: str) -> aiplatform_v1.CustomJob:
        """Read a custom job with its error."""
        return self._call(self._jobs.get_custom_job, name=name)

    def custom_job(self, display_name: str) -> aiplatform_v1.CustomJob | None:
        """Find the newest custom job of a display name."""
        return next(self.custom_jobs(named(display_name)), None)

    def custom_jobs(self, text: str) -> Iterator[aiplatform_v1.CustomJob]:
        """Every custom job that matches a filter."""
        return self._listed(self._jobs.list_custom_jobs, "custom_jobs", filter=text)

    def get_tuning_job(self, name: str) -> aiplatform_v1.HyperparameterTuningJob:
        """Read a hyperparameter tuning job with its trials."""
        return self._call(self._jobs.get_hyperparameter_tuning_job, name=name)

    def tuning_job(self, display_name: str) -> aiplatform_v1.HyperparameterTuningJob | None:
        """Find the newest hyperparameter tuning job of a display name."""
        return next(self.tuning_jobs(named(display_name)), None)

    def tuning_jobs(self, text: str) -> Iterator[aiplatform_v1.HyperparameterTuningJob]:
        """Every hyperparameter tuning job that matches a filter."""
        method = self._jobs.list_hyperparameter_tuning_jobs
        return self._listed(method, "hyperparameter_tuning_jobs", filter=text)

    def job_of(self, run: str, stage: str, tasks: Iterable[str]) -> str:
        """Find the job that a stage has started, which it names itself only when it has ended.

        Args:
            run: Resource name of the pipeline job.
            stage: Name of the stage.
            tasks: Names of the tasks in it of which one may have started a job.

        Returns:
            Resource name of the job; empty for none.
        """
        display_name = job_display_name(Resource.parse(run).id, stage)
        collections = set(map(job_collection, tasks))
        job: Any = None
        if TUNING_JOBS in collections:
            job = self.tuning_job(display_name)
        elif CUSTOM_JOBS in collections:
            job = self.custom_job(display_name)
        return str(job.name) if job is not None else ""

    @cached_property
    def _jobs(self) -> Any:
        return self._service(aiplatform_v1.JobServiceClient)
