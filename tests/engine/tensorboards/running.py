"""A TensorBoard instance of a test's own, with an experiment and a run."""

from __future__ import annotations

from typing import Any

import attrs
from google.cloud.aiplatform_v1 import TensorboardServiceClient

from tests.engine.clients import PARENT


def create(client: TensorboardServiceClient, **fields: Any) -> Any:
    """Create a TensorBoard instance."""
    board = {"display_name": "board", **fields}
    return client.create_tensorboard(parent=PARENT, tensorboard=board).result(timeout=60)


@attrs.frozen
class Place:
    """A TensorBoard instance of a test's own.

    Attributes:
        client: Google's client.
        name: Name of the instance.
        run: Name of a run in it.
    """

    client: TensorboardServiceClient
    name: str
    run: str

    @classmethod
    def create(cls, client: TensorboardServiceClient) -> Place:
        board = create(client)
        experiment = client.create_tensorboard_experiment(
            parent=board.name, tensorboard_experiment={}, tensorboard_experiment_id="mnist"
        )
        run = client.create_tensorboard_run(
            parent=experiment.name,
            tensorboard_run={"display_name": "first"},
            tensorboard_run_id="first",
        )
        return cls(client, board.name, run.name)

    @property
    def experiment(self) -> str:
        """Name of the experiment that the run is in."""
        return self.run.rpartition("/runs/")[0]

    def series(self, name: str = "loss", value_type: str = "SCALAR", **fields: Any) -> str:
        return self.client.create_tensorboard_time_series(
            parent=self.run,
            tensorboard_time_series={"display_name": name, "value_type": value_type, **fields},
        ).name

    def write(self, series: str, *points: dict[str, Any]) -> None:
        data = {"tensorboard_time_series_id": series.rpartition("/")[2], "values": points}
        self.client.write_tensorboard_run_data(tensorboard_run=self.run, time_series_data=[data])

    def read(self, series: str, **request: Any) -> Any:
        request = {"tensorboard_time_series": series, **request}
        return self.client.read_tensorboard_time_series_data(request=request).time_series_data


def scalar(step: int, value: float) -> dict[str, Any]:
    """A point of a scalar series."""
    wall_time = {"seconds": 1_750_000_000 + step}
    return {"step": step, "scalar": {"value": value}, "wall_time": wall_time}
