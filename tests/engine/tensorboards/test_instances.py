from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.aiplatform_v1 import TensorboardServiceClient

from tests.engine.clients import PARENT, refused
from tests.engine.tensorboards.running import Place, create, scalar
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.background import Background
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tensorboards import Tensorboards


def test_fields_come_back(client: TensorboardServiceClient) -> None:
    made = create(client, display_name="mine", description="ours", labels={"team": "vision"})

    found = client.get_tensorboard(name=made.name)

    assert (found.display_name, found.description) == ("mine", "ours")
    assert dict(found.labels) == {"team": "vision"}


def test_a_display_name_is_required(client: TensorboardServiceClient) -> None:
    status, message = refused(client.create_tensorboard, parent=PARENT, tensorboard={})

    assert (status, message) == ("INVALID_ARGUMENT", "display_name is required.")


def test_filters(client: TensorboardServiceClient) -> None:
    made = create(client, display_name="only this")
    request = {"parent": PARENT, "filter": 'display_name="only this"'}

    assert [one.name for one in client.list_tensorboards(request=request)] == [made.name]


def test_a_location_has_one_default(client: TensorboardServiceClient) -> None:
    create(client, is_default=True)
    second = create(client, is_default=True)
    request = {"parent": PARENT, "filter": "is_default=true"}

    assert [one.name for one in client.list_tensorboards(request=request)] == [second.name]


def test_patch(client: TensorboardServiceClient) -> None:
    made = create(client, description="kept")
    change = {"name": made.name, "display_name": "after", "description": "ignored"}

    client.update_tensorboard(tensorboard=change, update_mask={"paths": ["display_name"]}).result(
        timeout=60
    )

    found = client.get_tensorboard(name=made.name)
    assert (found.display_name, found.description) == ("after", "kept")


def test_patches_at_the_same_time_both_count(home: Home, store: Store) -> None:
    background = Background()
    boards = Tensorboards(home, store, Operations(store, background))
    call = Router(boards.bindings()).call

    async def patched() -> Any:
        made = await call("POST", f"/v1/{PARENT}/tensorboards", {}, {"displayName": "old"})
        path = f"/v1/{made['response']['name']}"
        changes = ({"displayName": "new"}, {"description": "new"})
        await asyncio.gather(
            *(call("PATCH", path, {"updateMask": ",".join(change)}, change) for change in changes)
        )
        return await call("GET", path, {})

    found = asyncio.run(patched())

    assert (found["displayName"], found["description"]) == ("new", "new")


def test_patch_with_an_etag_of_yesterday(client: TensorboardServiceClient) -> None:
    made = create(client)
    change = {"name": made.name, "display_name": "x", "etag": "old"}

    status, message = refused(
        client.update_tensorboard, tensorboard=change, update_mask={"paths": ["display_name"]}
    )

    assert status == "ABORTED"
    assert message == (
        f"The etag 'old' is not that of {made.name}, {made.etag!r}: it was changed in between. "
        "Read it again, and send the change with its etag, or without one."
    )


def test_runs_are_counted(place: Place) -> None:
    assert place.client.get_tensorboard(name=place.name).run_count == 1


def test_size_is_that_of_the_points(place: Place) -> None:
    read = place.client.read_tensorboard_size
    empty = read(tensorboard=place.name).storage_size_byte
    place.write(place.series(), scalar(1, 0.5))

    assert empty == 0
    assert read(tensorboard=place.name).storage_size_byte > 0


def test_usage_is_empty(place: Place) -> None:
    found = place.client.read_tensorboard_usage(tensorboard=place.name)

    assert dict(found.monthly_usage_data) == {}


def test_an_instance_goes_with_all_that_is_in_it(place: Place) -> None:
    series = place.series()
    place.client.delete_tensorboard(name=place.name).result(timeout=60)

    for get, name in (
        (place.client.get_tensorboard, place.name),
        (place.client.get_tensorboard_run, place.run),
        (place.client.get_tensorboard_time_series, series),
    ):
        with pytest.raises(NotFound):
            get(name=name)
