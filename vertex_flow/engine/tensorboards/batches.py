"""The methods that create several runs, or time series, at once."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tensorboards.parts import Parts

_EXPERIMENT = "/v1/{parent=projects/*/locations/*/tensorboards/*/experiments/*}"
_MOST = 1000


class Batches:
    """The methods that create several runs, or time series, at once: all of them, or none.

    Args:
        store: Where they are kept.
        runs: Makes runs.
        series: Makes time series.
    """

    def __init__(self, store: Store, runs: Parts, series: Parts) -> None:
        self._store = store
        self._runs = runs
        self._series = series

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods."""
        name, series = "batchCreate", types.BatchCreateTensorboardTimeSeriesRequest
        runs = types.BatchCreateTensorboardRunsRequest
        of_series: Row = (name, "POST", f"{_EXPERIMENT}:{name}", series, "*", self.series)
        of_runs: Row = (name, "POST", f"{_EXPERIMENT}/runs:{name}", runs, "*", self.runs)
        return [
            *methods("tensorboards.experiments", [of_series]),
            *methods("tensorboards.experiments.runs", [of_runs]),
        ]

    async def runs(
        self, request: types.BatchCreateTensorboardRunsRequest
    ) -> types.BatchCreateTensorboardRunsResponse:
        """Answer `runs.batchCreate`."""
        for one in request.requests:
            one.parent = one.parent or request.parent
            if one.parent != request.parent:
                raise invalid(f'requests: the parent "{one.parent}" is not "{request.parent}".')
        made = self._make(self._runs, request.requests)
        return types.BatchCreateTensorboardRunsResponse(tensorboard_runs=made)

    async def series(
        self, request: types.BatchCreateTensorboardTimeSeriesRequest
    ) -> types.BatchCreateTensorboardTimeSeriesResponse:
        """Answer `experiments.batchCreate`: time series, each in a run of the experiment."""
        for one in request.requests:
            if not one.parent.startswith(f"{request.parent}/runs/"):
                raise invalid(f'requests: "{one.parent}" is not a run of "{request.parent}".')
        made = self._make(self._series, request.requests)
        return types.BatchCreateTensorboardTimeSeriesResponse(tensorboard_time_series=made)

    def _make(self, parts: Parts, requests: Any) -> list[Any]:
        if len(requests) > _MOST:
            raise invalid(f"requests has {len(requests)} items; at most {_MOST} are allowed.")
        with self._store.transaction():
            return [parts.make(one) for one in requests]
