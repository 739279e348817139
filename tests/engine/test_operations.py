from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CreateEndpointOperationMetadata, Endpoint
from google.longrunning import operations_pb2

from vertex_flow.engine.api.errors import failed_precondition
from vertex_flow.engine.api.rpc import Router
from vertex_flow.engine.background import Background
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError

ENDPOINT = "projects/p/locations/l/endpoints/1"


class Scene:
    """Operations with the calls that a client makes."""

    def __init__(self, store: Store) -> None:
        self.background = Background()
        self.operations = Operations(store, self.background)
        self._router = Router(self.operations.bindings())

    def start(self, work: Coroutine[Any, Any, Any]) -> operations_pb2.Operation:
        return self.operations.start(ENDPOINT, work, CreateEndpointOperationMetadata())

    async def call(self, verb: str, path: str, **query: str) -> dict[str, Any]:
        return await self._router.call(verb, f"/v1/{path}", query)


def play(store: Store, scenario: Callable[[Scene], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        scene = Scene(store)
        try:
            return await scenario(scene)
        finally:
            await scene.background.close()

    return asyncio.run(run())


async def create(seconds: float = 0) -> Endpoint:
    await asyncio.sleep(seconds)
    return Endpoint(name=ENDPOINT)


async def refuse() -> Endpoint:
    raise failed_precondition("The model has no server.")


def test_an_operation_belongs_to_its_resource(store: Store) -> None:
    async def scenario(scene: Scene) -> str:
        return scene.start(create()).name

    assert play(store, scenario).startswith(f"{ENDPOINT}/operations/")


def test_an_operation_begins_undone(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        return await scene.call("GET", scene.start(create(60)).name)

    assert "done" not in play(store, scenario)


def test_the_metadata_says_when_it_began(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        return await scene.call("GET", scene.start(create(60)).name)

    assert set(play(store, scenario)["metadata"]["genericMetadata"]) == {"createTime", "updateTime"}


def test_wait_gives_the_response(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        return await scene.call("POST", f"{scene.start(create()).name}:wait")

    assert play(store, scenario)["response"] == {
        "@type": "type.googleapis.com/google.cloud.aiplatform.v1.Endpoint",
        "name": ENDPOINT,
    }


def test_wait_ends_when_the_time_is_up(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        return await scene.call("POST", f"{scene.start(create(60)).name}:wait", timeout="0.01s")

    assert "done" not in play(store, scenario)


def test_wait_for_no_time_only_looks(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        return await scene.call("POST", f"{scene.start(create(60)).name}:wait", timeout="0s")

    assert "done" not in play(store, scenario)


def test_a_refusal_is_the_operations_error(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        return await scene.call("POST", f"{scene.start(refuse()).name}:wait")

    assert play(store, scenario)["error"] == {"code": 9, "message": "The model has no server."}


def test_an_unexpected_error_is_the_operations_error(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        async def fail() -> Endpoint:
            raise ValueError("no port")

        return await scene.call("POST", f"{scene.start(fail()).name}:wait")

    assert play(store, scenario)["error"] == {"code": 13, "message": "ValueError: no port"}


def test_a_full_disk_is_the_operations_error(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        async def fail() -> Endpoint:
            raise OSError(28, "No space left on device")

        return await scene.call("POST", f"{scene.start(fail()).name}:wait")

    assert play(store, scenario)["error"]["code"] == 8


def test_cancel_ends_the_work(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        name = scene.start(create(60)).name
        await asyncio.sleep(0)
        await scene.call("POST", f"{name}:cancel")
        return await scene.call("GET", name)

    assert play(store, scenario)["error"] == {"code": 1, "message": "The operation was cancelled."}


def test_cancelling_what_is_done_does_nothing(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        name = scene.start(create()).name
        await scene.call("POST", f"{name}:wait")
        await scene.call("POST", f"{name}:cancel")
        return await scene.call("GET", name)

    assert "response" in play(store, scenario)


def test_settled_work_is_done_at_once(store: Store) -> None:
    async def scenario(scene: Scene) -> bool:
        return (await scene.operations.settle(scene.start(create()), seconds=60)).done

    assert play(store, scenario)


def test_work_that_takes_longer_is_not_waited_for(store: Store) -> None:
    async def scenario(scene: Scene) -> bool:
        return (await scene.operations.settle(scene.start(create(60)), seconds=0.01)).done

    assert not play(store, scenario)


def test_a_resource_lists_its_operations(store: Store) -> None:
    async def scenario(scene: Scene) -> Any:
        names = [scene.start(create(60)).name for _ in range(2)]
        found = await scene.call("GET", f"{ENDPOINT}/operations")
        return names, [operation["name"] for operation in found["operations"]]

    names, found = play(store, scenario)
    assert found == names[::-1]


def test_a_deleted_operation_is_gone(store: Store) -> None:
    async def scenario(scene: Scene) -> None:
        name = scene.start(create()).name
        await scene.call("DELETE", name)
        await scene.background.wait(name)
        await scene.call("GET", name)

    with pytest.raises(ApiError, match=r'404 NOT_FOUND: The Operation ".*" does not exist'):
        play(store, scenario)


@pytest.mark.parametrize("action", [":wait", ":cancel"])
def test_an_unknown_operation_is_not_found(store: Store, action: str) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.call("POST", f"{ENDPOINT}/operations/9{action}")

    with pytest.raises(ApiError, match=f'The Operation "{ENDPOINT}/operations/9" does not exist'):
        play(store, scenario)


def test_what_a_killed_engine_left_undone_has_failed(store: Store) -> None:
    undone = operations_pb2.Operation(name=f"{ENDPOINT}/operations/9")
    store.save(undone)

    Operations(store, Background()).recover()

    found = store.get(operations_pb2.Operation, undone.name)
    assert (found.done, found.error.message) == (
        True,
        "The engine stopped while this was under way.",
    )


def test_what_was_done_stays_as_it_is(store: Store) -> None:
    done = operations_pb2.Operation(name=f"{ENDPOINT}/operations/9", done=True)
    store.save(done)

    Operations(store, Background()).recover()

    assert store.get(operations_pb2.Operation, done.name) == done


def test_what_was_done_long_ago_is_forgotten(store: Store) -> None:
    names = [f"{ENDPOINT}/operations/{number}" for number in range(1003)]
    with store.transaction():
        for number, name in enumerate(names):
            store.save(operations_pb2.Operation(name=name, done=number != 1))

    Operations(store, Background()).recover()

    left = [operation.name for operation in store.all(operations_pb2.Operation)]
    assert left == [names[1], *names[3:]]


def test_an_operation_that_is_cancelled_before_its_first_step_is_done(store: Store) -> None:
    async def scenario(scene: Scene) -> dict[str, Any]:
        operation = scene.start(create(seconds=60))
        request = operations_pb2.CancelOperationRequest(name=operation.name)
        await scene.operations.cancel(request)
        return await scene.call("GET", operation.name)

    assert play(store, scenario)["error"] == {"code": 1, "message": "The operation was cancelled."}
