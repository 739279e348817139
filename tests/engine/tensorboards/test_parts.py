from __future__ import annotations

import pytest
from google.api_core.exceptions import NotFound

from tests.engine.clients import refused
from tests.engine.tensorboards.running import Place, scalar


def ids(found: object) -> list[str]:
    return sorted(one.name.rpartition("/")[2] for one in found)


def test_get_what_was_created(place: Place) -> None:
    assert place.client.get_tensorboard_experiment(name=place.experiment).name == place.experiment
    assert place.client.get_tensorboard_run(name=place.run).display_name == "first"


def test_in_a_parent_that_is_not_there(place: Place) -> None:
    status, message = refused(
        place.client.create_tensorboard_run,
        parent=f"{place.name}/experiments/none",
        tensorboard_run={"display_name": "x"},
        tensorboard_run_id="x",
    )

    assert (status, message) == (
        "NOT_FOUND",
        f'The TensorboardExperiment "{place.name}/experiments/none" does not exist.',
    )


def test_a_run_needs_an_id(place: Place) -> None:
    status, message = refused(
        place.client.create_tensorboard_run,
        parent=place.experiment,
        tensorboard_run={"display_name": "x"},
        tensorboard_run_id="",
    )

    assert status == "INVALID_ARGUMENT"
    assert message.startswith("Invalid tensorboard_run_id '': expected 1 to 128")


def test_a_display_name_that_a_run_has_already(place: Place) -> None:
    status, message = refused(
        place.client.create_tensorboard_run,
        parent=place.experiment,
        tensorboard_run={"display_name": "first"},
        tensorboard_run_id="second",
    )

    assert (status, message) == (
        "ALREADY_EXISTS",
        f'{place.experiment} has a TensorboardRun with the display_name "first" already: '
        f"{place.run}.",
    )


def test_a_series_needs_a_type(place: Place) -> None:
    status, message = refused(place.series, value_type="VALUE_TYPE_UNSPECIFIED")

    assert (status, message) == (
        "INVALID_ARGUMENT",
        "value_type is required: SCALAR, TENSOR or BLOB_SEQUENCE.",
    )


def test_plugin_data_that_is_too_long(place: Place) -> None:
    status, message = refused(place.series, plugin_data=b"x" * 70_000)

    assert (status, message) == (
        "INVALID_ARGUMENT",
        "plugin_data has 70000 bytes; at most 66560 are allowed.",
    )


def test_list_and_filter(place: Place) -> None:
    place.series("loss")
    wanted = place.series("accuracy")
    request = {"parent": place.run, "filter": 'display_name="accuracy"'}

    found = place.client.list_tensorboard_time_series(request=request)

    assert [one.name for one in found] == [wanted]


def test_of_every_run(place: Place) -> None:
    """A hyphen stands for any."""
    series = place.series()

    found = place.client.list_tensorboard_time_series(parent=f"{place.experiment}/runs/-")

    assert [one.name for one in found] == [series]


def test_patch(place: Place) -> None:
    change = {"name": place.run, "labels": {"lr": "high"}}
    place.client.update_tensorboard_run(tensorboard_run=change, update_mask={"paths": ["labels"]})

    assert dict(place.client.get_tensorboard_run(name=place.run).labels) == {"lr": "high"}


def test_the_type_of_a_series_cannot_change(place: Place) -> None:
    status, message = refused(
        place.client.update_tensorboard_time_series,
        tensorboard_time_series={"name": place.series(), "value_type": "TENSOR"},
        update_mask={"paths": ["value_type"]},
    )

    assert status == "INVALID_ARGUMENT"
    assert "'value_type' of a TensorboardTimeSeries cannot be updated" in message


def test_a_run_goes_with_its_points(place: Place) -> None:
    series = place.series()
    place.write(series, scalar(1, 0.5))
    place.client.delete_tensorboard_run(name=place.run).result(timeout=60)

    with pytest.raises(NotFound):
        place.read(series)
    assert place.client.read_tensorboard_size(tensorboard=place.name).storage_size_byte == 0


def test_several_runs_at_once(place: Place) -> None:
    place.client.batch_create_tensorboard_runs(
        parent=place.experiment,
        requests=[
            {"tensorboard_run": {"display_name": name}, "tensorboard_run_id": name}
            for name in ("one", "two")
        ],
    )

    found = place.client.list_tensorboard_runs(parent=place.experiment)
    assert ids(found) == ["first", "one", "two"]


def test_of_several_series_all_or_none(place: Place) -> None:
    good = {"display_name": "good", "value_type": "SCALAR"}
    requests = [
        {"parent": place.run, "tensorboard_time_series": one} for one in (good, {**good}, good)
    ]

    status, _ = refused(
        place.client.batch_create_tensorboard_time_series,
        parent=place.experiment,
        requests=requests,
    )

    assert status == "ALREADY_EXISTS"
    assert list(place.client.list_tensorboard_time_series(parent=place.run)) == []


def test_a_series_of_another_experiment(place: Place) -> None:
    status, message = refused(
        place.client.batch_create_tensorboard_time_series,
        parent=place.experiment,
        requests=[{"parent": f"{place.name}/experiments/x/runs/y", "tensorboard_time_series": {}}],
    )

    assert (status, message) == (
        "INVALID_ARGUMENT",
        f'requests: "{place.name}/experiments/x/runs/y" is not a run of "{place.experiment}".',
    )
