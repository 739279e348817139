"""TensorBoard instances with their experiments, runs and time series."""

from __future__ import annotations

from vertex_flow.engine.api.rpc import Handler, Rpc
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.points import Points
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tensorboards.batches import Batches
from vertex_flow.engine.tensorboards.data import Data
from vertex_flow.engine.tensorboards.instances import Instances
from vertex_flow.engine.tensorboards.parts import KINDS, Parts


class Tensorboards:
    """TensorBoard instances with their experiments, runs and time series.

    Args:
        home: Has the bucket of their blobs.
        store: Where they are kept.
        operations: Runs what Vertex AI answers with a long-running operation.
    """

    def __init__(self, home: Home, store: Store, operations: Operations) -> None:
        points = Points(store)
        experiments, runs, series = (Parts(kind, store, points, operations) for kind in KINDS)
        self._parts = (
            Instances(store, points, operations, home.storage).bindings(),
            experiments.bindings(),
            runs.bindings(),
            series.bindings(),
            Batches(store, runs, series).bindings(),
            Data(store, points).bindings(),
        )

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of TensorBoard instances and of what is in them."""
        return [pair for part in self._parts for pair in part]

    def recover(self) -> None:
        """Leave all as it is: what was stored is whole."""
