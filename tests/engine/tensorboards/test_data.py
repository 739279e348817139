from __future__ import annotations

from typing import Any

import pytest

from tests.engine.clients import refused
from tests.engine.tensorboards.running import Place, scalar


def steps(data: Any) -> list[int]:
    return [point.step for point in data.values]


def test_points_come_back_by_step(place: Place) -> None:
    series = place.series()
    place.write(series, scalar(2, 0.25), scalar(1, 0.5))

    found = place.read(series)

    assert [(point.step, point.scalar.value) for point in found.values] == [(1, 0.5), (2, 0.25)]
    assert found.value_type.name == "SCALAR"


def test_a_second_point_at_a_step_takes_the_place_of_the_first(place: Place) -> None:
    series = place.series()
    place.write(series, scalar(1, 0.5))
    place.write(series, scalar(1, 0.75))

    assert [point.scalar.value for point in place.read(series).values] == [0.75]


def test_not_a_number(place: Place) -> None:
    series = place.series()
    place.write(series, scalar(1, float("nan")))

    (point,) = place.read(series).values
    assert point.scalar.value != point.scalar.value


def test_a_series_knows_its_last_step(place: Place) -> None:
    series = place.series()
    place.write(series, scalar(7, 0.5), scalar(3, 0.5))

    metadata = place.client.get_tensorboard_time_series(name=series).metadata

    assert metadata.max_step == 7
    assert metadata.max_wall_time.timestamp() == 1_750_000_007


@pytest.mark.parametrize(
    ("most", "found"),
    [(0, list(range(11))), (3, [0, 5, 10]), (1, [10]), (-1, list(range(11)))],
)
def test_of_a_long_series_some_points(place: Place, most: int, found: list[int]) -> None:
    series = place.series()
    place.write(series, *(scalar(step, 0.5) for step in range(11)))

    assert steps(place.read(series, max_data_points=most)) == found


def test_points_that_a_filter_lets_pass(place: Place) -> None:
    series = place.series()
    place.write(series, scalar(1, 0.5), scalar(2, 0.9))

    assert steps(place.read(series, filter="scalar.value > 0.6")) == [2]


def test_several_series(place: Place) -> None:
    one, two = place.series("one"), place.series("two")
    place.write(one, scalar(1, 0.5))

    found = place.client.batch_read_tensorboard_time_series_data(
        request={"tensorboard": place.name, "time_series": [one, two]}
    ).time_series_data

    assert [len(data.values) for data in found] == [1, 0]


def test_the_points_of_several_runs(place: Place) -> None:
    series = place.series()
    data = {
        "tensorboard_time_series_id": series.rpartition("/")[2],
        "values": [scalar(1, 0.5)],
    }
    place.client.write_tensorboard_experiment_data(
        tensorboard_experiment=place.experiment,
        write_run_data_requests=[{"tensorboard_run": place.run, "time_series_data": [data]}],
    )

    assert steps(place.read(series)) == [1]


def test_a_value_of_another_type(place: Place) -> None:
    series = place.series(value_type="TENSOR")

    status, message = refused(place.write, series, scalar(4, 0.5))

    assert (status, message) == (
        "INVALID_ARGUMENT",
        f"The time series \"{series}\" takes TENSOR values, and step 4 has none in 'tensor'.",
    )


def test_too_many_points(place: Place) -> None:
    series = place.series()

    status, message = refused(place.write, series, *(scalar(step, 0) for step in range(5001)))

    assert (status, message) == (
        "INVALID_ARGUMENT",
        "time_series_data has 5001 points; at most 5000 are allowed.",
    )


def test_a_series_that_is_not_there(place: Place) -> None:
    name = f"{place.run}/timeSeries/none"

    assert refused(place.write, name, scalar(1, 0.5)) == (
        "NOT_FOUND",
        f'The TensorboardTimeSeries "{name}" does not exist.',
    )


def test_export_pages(place: Place) -> None:
    series = place.series()
    place.write(series, *(scalar(step, -step) for step in range(5)))
    request = {"tensorboard_time_series": series, "page_size": 2, "order_by": "step desc"}

    pages = place.client.export_tensorboard_time_series_data(request=request).pages

    found = [[point.step for point in page.time_series_data_points] for page in pages]
    assert found == [[4, 3], [2, 1], [0]]


def test_export_pages_of_less_than_nothing(place: Place) -> None:
    request = {"tensorboard_time_series": place.series(), "page_size": -1}

    assert refused(place.client.export_tensorboard_time_series_data, request=request) == (
        "INVALID_ARGUMENT",
        "page_size is -1; expected 0 to 10000.",
    )


def test_blobs(place: Place) -> None:
    """Their bytes come from `readBlobData` alone."""
    series = place.series(value_type="BLOB_SEQUENCE")
    place.write(series, {"step": 1, "blobs": {"values": [{"data": b"one"}, {"data": b"two"}]}})
    found = place.read(series).values[0].blobs.values

    answers = place.client.read_tensorboard_blob_data(
        request={"time_series": series, "blob_ids": [found[1].id]}
    )

    assert [blob.data for blob in found] == [b"", b""]
    assert [blob.data for answer in answers for blob in answer.blobs] == [b"two"]


def test_a_blob_that_is_not_there(place: Place) -> None:
    series = place.series(value_type="BLOB_SEQUENCE")

    def read() -> None:
        list(place.client.read_tensorboard_blob_data({"time_series": series, "blob_ids": ["x"]}))

    assert refused(read) == ("NOT_FOUND", f'{series} has no blob "x".')
