"""Many pipeline jobs in one request: `pipelineJobs:batchDelete` and `pipelineJobs:batchCancel`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs
from google.cloud.aiplatform_v1.types import (
    BatchCancelPipelineJobsOperationMetadata,
    BatchCancelPipelineJobsRequest,
    BatchCancelPipelineJobsResponse,
    BatchDeletePipelineJobsRequest,
    BatchDeletePipelineJobsResponse,
    CancelPipelineJobRequest,
    DeleteOperationMetadata,
    PipelineJob,
)
from google.longrunning import operations_pb2

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.background import Background
from vertex_flow.engine.operations import Operations

_MOST = 32  # jobs in one request, as on Vertex AI
_PATH = "/v1/{parent=projects/*/locations/*}/pipelineJobs"


@attrs.frozen(kw_only=True)
class Batches:
    """Deletes and cancels many jobs at once.

    Attributes:
        operations: The operations that these methods begin.
        background: Where the jobs run.
        deletable: Gives a job by name, or refuses as `pipelineJobs.delete` does.
        delete: Forgets a job, by name.
        find: Gives a job by name.
        cancel: Answers `pipelineJobs.cancel`.
    """

    operations: Operations
    background: Background
    deletable: Callable[[str], PipelineJob]
    delete: Callable[[str], Awaitable[Any]]
    find: Callable[[str], PipelineJob]
    cancel: Callable[[CancelPipelineJobRequest], Awaitable[Any]]

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods and what answers each."""
        delete, cancel = BatchDeletePipelineJobsRequest, BatchCancelPipelineJobsRequest
        rows: tuple[Row, ...] = (
            ("batchDelete", "POST", f"{_PATH}:batchDelete", delete, "*", self.batch_delete),
            ("batchCancel", "POST", f"{_PATH}:batchCancel", cancel, "*", self.batch_cancel),
        )
        return methods("pipelineJobs", rows)

    async def batch_delete(
        self, request: BatchDeletePipelineJobsRequest
    ) -> operations_pb2.Operation:
        """Answer `pipelineJobs:batchDelete`: all jobs are deleted, or none.

        Raises:
            ApiError: INVALID_ARGUMENT, or what `pipelineJobs.delete` refuses one of the jobs with.
        """
        jobs = [self.deletable(name) for name in _names(request.parent, request.names)]
        return await self._begin(request.parent, self._delete(jobs), DeleteOperationMetadata())

    async def batch_cancel(
        self, request: BatchCancelPipelineJobsRequest
    ) -> operations_pb2.Operation:
        """Answer `pipelineJobs:batchCancel`: the operation is done when all jobs are over.

        Raises:
            ApiError: INVALID_ARGUMENT, or NOT_FOUND, before any job is cancelled.
        """
        names = _names(request.parent, request.names)
        jobs = [self.find(name) for name in names]
        metadata = BatchCancelPipelineJobsOperationMetadata()
        return await self._begin(request.parent, self._cancel(jobs), metadata)

    async def _begin(self, parent: str, work: Any, metadata: Any) -> operations_pb2.Operation:
        return await self.operations.settle(self.operations.start(parent, work, metadata))

    async def _delete(self, jobs: Sequence[PipelineJob]) -> BatchDeletePipelineJobsResponse:
        for job in jobs:
            await self.delete(job.name)
        return BatchDeletePipelineJobsResponse(pipeline_jobs=jobs)

    async def _cancel(self, jobs: Sequence[PipelineJob]) -> BatchCancelPipelineJobsResponse:
        for job in jobs:
            await self.cancel(CancelPipelineJobRequest(name=job.name))
        for job in jobs:
            await self.background.wait(job.name)
        found = [self.find(job.name) for job in jobs]
        return BatchCancelPipelineJobsResponse(pipeline_jobs=found)


def _names(parent: str, names: Sequence[str]) -> list[str]:
    if not 0 < len(names) <= _MOST:
        raise invalid(f"names has {len(names)} entries: expected 1 to {_MOST} pipeline jobs.")
    for name in names:
        if not name.startswith(f"{parent}/pipelineJobs/"):
            raise invalid(f"names: {name!r} is no pipeline job of {parent!r}.")
    return list(dict.fromkeys(names))
