"""The points of time series: written, read, exported."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid, not_found
from vertex_flow.engine.api.messages import raw, raw_kind, stamp, to_json, wrap
from vertex_flow.engine.api.rpc import Handler, RawResponse, Row, Rpc, methods
from vertex_flow.engine.state import paging
from vertex_flow.engine.state.filters import matcher
from vertex_flow.engine.state.points import Point, Points
from vertex_flow.engine.state.store import Store

_INSTANCE = "projects/*/locations/*/tensorboards/*"
_EXPERIMENT = f"{_INSTANCE}/experiments/*"
_RUN = f"{_EXPERIMENT}/runs/*"
_SERIES = f"{_RUN}/timeSeries/*"
_KIND = raw_kind(types.TimeSeriesDataPoint)
_VALUES = {1: "scalar", 2: "tensor", 3: "blobs"}  # by the number of a ValueType
_MOST_WRITTEN = 5000  # points in one request
_READ = 1000  # points of a series in an answer, unless told otherwise
_PAGE, _LARGEST_PAGE = 1000, 10_000


class Data:
    """The methods that write and read the points of time series.

    Args:
        store: Where the time series are kept.
        points: Where their points are kept.
    """

    def __init__(self, store: Store, points: Points) -> None:
        self._store = store
        self._points = points

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods."""
        series = f"/v1/{{tensorboard_time_series={_SERIES}}}"
        rows: tuple[tuple[str, Row], ...] = (
            ("", _get(f"/v1/{{tensorboard={_INSTANCE}}}:batchRead", _BATCH_READ, self.batch_read)),
            (
                ".experiments",
                _post(f"/v1/{{tensorboard_experiment={_EXPERIMENT}}}:write", _WRITE, self.write),
            ),
            (
                ".experiments.runs",
                _post(f"/v1/{{tensorboard_run={_RUN}}}:write", _WRITE_RUN, self.write_run),
            ),
            (".experiments.runs.timeSeries", _get(f"{series}:read", _READ_ONE, self.read)),
            (
                ".experiments.runs.timeSeries",
                _post(f"{series}:exportTensorboardTimeSeries", _EXPORT, self.export),
            ),
            (
                ".experiments.runs.timeSeries",
                _get(f"/v1/{{time_series={_SERIES}}}:readBlobData", _BLOBS, self.read_blobs),
            ),
        )
        return [pair for place, row in rows for pair in methods(f"tensorboards{place}", [row])]

    async def write(
        self, request: types.WriteTensorboardExperimentDataRequest
    ) -> types.WriteTensorboardExperimentDataResponse:
        """Answer `experiments.write`: the points of several runs, all or none."""
        self._store.get(types.TensorboardExperiment, request.tensorboard_experiment)
        for one in request.write_run_data_requests:
            if not one.tensorboard_run.startswith(f"{request.tensorboard_experiment}/runs/"):
                raise invalid(
                    f'write_run_data_requests: "{one.tensorboard_run}" is not a run of '
                    f'"{request.tensorboard_experiment}".'
                )
        with self._store.transaction():
            for one in request.write_run_data_requests:
                self.put(one.tensorboard_run, one.time_series_data)
        return types.WriteTensorboardExperimentDataResponse()

    async def write_run(
        self, request: types.WriteTensorboardRunDataRequest
    ) -> types.WriteTensorboardRunDataResponse:
        """Answer `runs.write`: the points of several series of a run, all or none."""
        with self._store.transaction():
            self.put(request.tensorboard_run, request.time_series_data)
        return types.WriteTensorboardRunDataResponse()

    def put(self, run: str, data: Sequence[types.TimeSeriesData]) -> None:
        """Store points of a run; one at a step that has one takes its place.

        Args:
            run: The run's resource name.
            data: The points of each series.

        Raises:
            ApiError: NOT_FOUND, or INVALID_ARGUMENT when there are too many points or a value is
                not of the series' type.
        """
        self._store.get(types.TensorboardRun, run)
        count = sum(len(one.values) for one in data)
        if count > _MOST_WRITTEN:
            raise invalid(
                f"time_series_data has {count} points; at most {_MOST_WRITTEN} are allowed."
            )
        for one in data:
            name = f"{run}/timeSeries/{one.tensorboard_time_series_id}"
            series = self._store.get(types.TensorboardTimeSeries, name)
            put_points(self._store, self._points, series, map(raw, one.values))

    async def read(
        self, request: types.ReadTensorboardTimeSeriesDataRequest
    ) -> types.ReadTensorboardTimeSeriesDataResponse:
        """Answer `timeSeries.read`; of a long series every n-th point and the last one."""
        most = request.max_data_points or _READ
        if most < -1:
            raise invalid(f"max_data_points is {most}; expected -1, for all, or more than 0.")
        found = self._read(request.tensorboard_time_series, request.filter)
        values = list(found.values) if most == -1 else _thinned(found.values, most)
        found.values = values
        return types.ReadTensorboardTimeSeriesDataResponse(time_series_data=found)

    async def batch_read(
        self, request: types.BatchReadTensorboardTimeSeriesDataRequest
    ) -> types.BatchReadTensorboardTimeSeriesDataResponse:
        """Answer `tensorboards.batchRead`."""
        self._store.get(types.Tensorboard, request.tensorboard)
        answer = types.BatchReadTensorboardTimeSeriesDataResponse()
        for name in request.time_series:
            if not name.startswith(f"{request.tensorboard}/"):
                raise invalid(f'time_series: "{name}" is not in "{request.tensorboard}".')
            found = self._read(name)
            found.values = _thinned(found.values, _READ)
            answer.time_series_data.append(found)
        return answer

    async def export(
        self, request: types.ExportTensorboardTimeSeriesDataRequest
    ) -> types.ExportTensorboardTimeSeriesDataResponse:
        """Answer `timeSeries.exportTensorboardTimeSeries`: all points, page by page."""
        name = request.tensorboard_time_series
        order = paging.order(request.order_by, _KIND.DESCRIPTOR)
        query = [name, request.filter, request.order_by]
        found = self._read(name, request.filter).values
        places = [paging.Place(order(one), -step, one) for step, one in enumerate(found)]
        ordered = [place.message for place in order.sorted(places)]
        start = paging.start(request.page_token, query)
        first = start.number if start else 0
        if request.page_size < 0:
            raise invalid(f"page_size is {request.page_size}; expected 0 to {_LARGEST_PAGE}.")
        last = first + min(request.page_size or _PAGE, _LARGEST_PAGE)
        token = paging.token(paging.Place((), last), query) if last < len(ordered) else ""
        return types.ExportTensorboardTimeSeriesDataResponse(
            time_series_data_points=ordered[first:last], next_page_token=token
        )

    async def read_blobs(self, request: types.ReadTensorboardBlobDataRequest) -> RawResponse:
        """Answer `timeSeries.readBlobData`: a stream, which is a list in JSON."""
        self._store.get(types.TensorboardTimeSeries, request.time_series)
        points = [_KIND.FromString(one.data) for one in self._points.read(request.time_series)]
        blobs = {blob.id: blob for point in points for blob in point.blobs.values}
        wanted = list(request.blob_ids) or list(blobs)
        missing = [blob for blob in wanted if blob not in blobs]
        if missing:
            raise not_found(f'{request.time_series} has no blob "{missing[0]}".')
        answers = [
            types.ReadTensorboardBlobDataResponse.pb()(blobs=[blobs[blob]]) for blob in wanted
        ]
        return RawResponse(
            headers={"content-type": "application/json"},
            body=json.dumps([to_json(one) for one in answers]).encode(),
        )

    def _read(self, name: str, filter_text: str = "") -> types.TimeSeriesData:
        series = self._store.get(types.TensorboardTimeSeries, name)
        matches = matcher(filter_text, _KIND.DESCRIPTOR)
        points = (_KIND.FromString(one.data) for one in self._points.read(name))
        return types.TimeSeriesData(
            tensorboard_time_series_id=name.rpartition("/")[2],
            value_type=series.value_type,
            values=[_without_data(point) for point in points if matches(point)],
        )


_BATCH_READ = types.BatchReadTensorboardTimeSeriesDataRequest
_WRITE = types.WriteTensorboardExperimentDataRequest
_WRITE_RUN = types.WriteTensorboardRunDataRequest
_READ_ONE = types.ReadTensorboardTimeSeriesDataRequest
_EXPORT = types.ExportTensorboardTimeSeriesDataRequest
_BLOBS = types.ReadTensorboardBlobDataRequest


def _get(path: str, request: type[Any], handler: Handler) -> Row:
    return (path.rpartition(":")[2], "GET", path, request, "", handler)


def _post(path: str, request: type[Any], handler: Handler) -> Row:
    return (path.rpartition(":")[2], "POST", path, request, "*", handler)


def put_points(
    store: Store, points: Points, series: types.TensorboardTimeSeries, values: Iterable[Any]
) -> None:
    """Store points of a series; one at a step that has one takes its place.

    Args:
        store: Where the series is kept.
        points: Where its points are kept.
        series: The series; what is known of all its points is brought up to date.
        values: Plain `TimeSeriesDataPoint` messages.

    Raises:
        ApiError: INVALID_ARGUMENT when a value is not of the series' type.
    """
    field = _VALUES[int(series.value_type)]
    found = []
    for point in values:
        if point.WhichOneof("value") != field:
            raise invalid(
                f'The time series "{series.name}" takes {series.value_type.name} values, and '
                f"step {point.step} has none in '{field}'."
            )
        for blob in point.blobs.values:
            blob.id = blob.id or uuid.uuid4().hex
        _extend(raw(series).metadata, point)
        found.append(Point(point.step, point.SerializeToString()))
    points.write(series.name, found)
    stamp(series, "update_time")
    store.save(series)


def _extend(metadata: Any, point: Any) -> None:
    """Count a point in what is known of its series."""
    metadata.max_step = max(metadata.max_step, point.step)
    if point.wall_time.ToNanoseconds() > metadata.max_wall_time.ToNanoseconds():
        metadata.max_wall_time.CopyFrom(point.wall_time)
    blobs = len(point.blobs.values)
    metadata.max_blob_sequence_length = max(metadata.max_blob_sequence_length, blobs)


def _without_data(point: Any) -> Any:
    """Leave the bytes of blobs out: only `readBlobData` gives them."""
    for blob in point.blobs.values:
        blob.ClearField("data")
    return wrap(types.TimeSeriesDataPoint, point)


def _thinned(points: Iterable[Any], most: int) -> list[Any]:
    """Give at most so many points, evenly spread, with the first and the last."""
    every = list(points)
    if len(every) <= most:
        return every
    if most == 1:
        return every[-1:]
    last = len(every) - 1
    return [every[round(place * last / (most - 1))] for place in range(most)]
