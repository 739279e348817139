"""Runs a batch prediction job: servers up, rows through them, predictions into files."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid, rpc_code
from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.batch_predictions.asking import Answer, Asker, ServerLostError
from vertex_flow.engine.batch_predictions.instances import MOST_BYTES, Instance, Shape
from vertex_flow.engine.batch_predictions.outputs import Output, directory_name
from vertex_flow.engine.batch_predictions.readers import Reader
from vertex_flow.engine.batch_predictions.sources import find_sources
from vertex_flow.engine.endpoints.plans import ServerPlan
from vertex_flow.engine.endpoints.servers import ModelServers
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError
from vertex_flow.names import join_uri

_BATCH = 64  # instances in a request, as on Vertex AI
_HOPELESS = 1000  # failures without a success after which the rest is not tried
_MOST_FAILURES = 20
_PACE = 1.0  # seconds between two reports

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class BatchTools:
    """What a job needs of the engine.

    Attributes:
        home: Has the files.
        servers: Runs the model servers.
        save: Stores the job.
    """

    home: Home
    servers: ModelServers
    save: Callable[[types.BatchPredictionJob], None]


@attrs.define
class _Tally:
    """What became of the instances so far."""

    succeeded: int = 0
    failed: int = 0
    first: ApiError | None = None
    failures: dict[str, ApiError] = attrs.field(factory=dict)

    def fail(self, error: ApiError) -> None:
        self.first = self.first or error
        if len(self.failures) < _MOST_FAILURES:
            self.failures.setdefault(error.message, error)


class BatchRun:
    """A job under way.

    Args:
        job: The job, which is kept up to date.
        model: What it asks.
        plans: How the model is served, one plan a replica.
        tools: What it needs of the engine.
    """

    def __init__(
        self,
        job: types.BatchPredictionJob,
        model: types.Model,
        plans: Sequence[ServerPlan],
        tools: BatchTools,
    ) -> None:
        self._job = job
        self._model = model
        self._plans = plans
        self._tools = tools
        self._tally = _Tally()
        self._began = time.monotonic()
        self._reading = asyncio.Lock()
        self._size = job.manual_batch_tuning_parameters.batch_size or _BATCH

    async def run(self) -> None:
        """Run the job to its end; its servers are gone and its files closed then.

        Raises:
            ApiError: The job failed.
        """
        uris, home = list(self._job.input_config.gcs_source.uris), self._tools.home
        sources = await asyncio.to_thread(find_sources, uris, home)
        reader = Reader(
            self._job.input_config.instances_format, Shape(self._job.instance_config), home
        )
        rows = reader.read(sources)
        try:
            await self._through_servers(rows)
        except ServerLostError as lost:
            raise lost.error from lost
        finally:
            self._update()
        self._check_end()
        raw(self._job).completion_stats.incomplete_count = 0

    async def _through_servers(self, rows: Iterator[Instance | ApiError]) -> None:
        names = [plan.name for plan in self._plans]
        try:
            servers = [self._tools.servers.start(plan) for plan in self._plans]
            await asyncio.gather(*(server.ready() for server in servers))
            output = await self._output()
            reporting = asyncio.ensure_future(self._report())
            try:
                await self._all(
                    self._replica(shard, Asker(server, self._parameters()), rows, output)
                    for shard, server in enumerate(servers)
                )
            finally:
                reporting.cancel()
                output.close()
        finally:
            await asyncio.gather(*(self._tools.servers.stop(name) for name in names))

    async def _all(self, works: Iterator[Any]) -> None:
        """Do some work side by side; the first failure ends the rest."""
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _output(self) -> Output:
        created: Any = self._job.create_time
        name = directory_name(self._model.display_name, created)
        uri = join_uri(self._job.output_config.gcs_destination.output_uri_prefix, name)
        output = await asyncio.to_thread(Output, self._tools.home.path(uri), len(self._plans))
        self._job.output_info.gcs_output_directory = uri
        self._update()
        return output

    async def _replica(
        self, shard: int, asker: Asker, rows: Iterator[Instance | ApiError], output: Output
    ) -> None:
        """Take batch after batch through one server."""
        while True:
            async with self._reading:
                batch = await _whole(self._batch, rows)
            if not batch:
                return
            sent = [row for row in batch if isinstance(row, Instance) and row.error is None]
            answers = iter(await asker.answers(sent))
            results, errors = self._lines(batch, answers)
            await _whole(output.write, shard, results, errors)
            if self._tally.failed >= _HOPELESS and not self._tally.succeeded:
                return

    def _batch(self, rows: Iterator[Instance | ApiError]) -> list[Instance | ApiError]:
        """Read the next batch; only as much as can be kept in memory."""
        batch: list[Instance | ApiError] = []
        size = 0
        while len(batch) < self._size and size < MOST_BYTES:
            row = next(rows, None)
            if row is None:
                break
            batch.append(row)
            size += len(row.sent) if isinstance(row, Instance) else 0
        return batch

    def _lines(
        self, batch: Sequence[Instance | ApiError], answers: Iterator[Answer]
    ) -> tuple[list[str], list[str]]:
        """Give the lines of the results and of the errors, and count them."""
        results, errors = [], []
        for row in batch:
            if isinstance(row, ApiError):  # of a file, not of an instance
                self._tally.fail(row)
                continue
            answer = row.error or next(answers)
            if isinstance(answer, str):
                self._tally.succeeded += 1
                results.append(f'{{{row.shown}, "prediction": {answer}}}')
                continue
            self._tally.failed += 1
            self._tally.fail(answer)
            status = {"code": rpc_code(answer), "message": answer.message}
            errors.append(f'{{{row.shown}, "error": {json.dumps(status, ensure_ascii=False)}}}')
        return results, errors

    def _parameters(self) -> str:
        from google.protobuf import json_format

        if "model_parameters" not in self._job:
            return ""
        return json.dumps(_plain(json_format.MessageToDict(raw(self._job).model_parameters)))

    def _check_end(self) -> None:
        tally = self._tally
        if tally.succeeded:
            return
        if tally.first is None:
            raise invalid("There are no instances in the files of input_config.gcs_source.uris.")
        if not tally.failed:
            raise tally.first
        raise ApiError(
            tally.first.code,
            tally.first.status,
            f"None of {tally.failed} instances could be predicted. The first error: "
            f"{tally.first.message}",
        )

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_PACE)
            self._update()

    def _update(self) -> None:
        """Store how far the job is."""
        plain = raw(self._job)
        stats = plain.completion_stats
        stats.successful_count, stats.failed_count = self._tally.succeeded, self._tally.failed
        stats.incomplete_count = -1  # what is still in the files was not counted
        hours = (time.monotonic() - self._began) / 3600
        plain.resources_consumed.replica_hours = hours * len(self._plans)
        del plain.partial_failures[:]
        for error in self._tally.failures.values():
            plain.partial_failures.add(code=rpc_code(error), message=error.message)
        self._tools.save(self._job)


def _plain(value: Any) -> Any:
    """Give a value of a struct, which knows doubles only, with its whole numbers as such."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


async def _whole(function: Callable[..., T], *args: Any) -> T:
    """Call a function in a thread, and wait for its end even when cancelled: it uses files."""
    task = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
