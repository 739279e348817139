"""Setup and teardown cut off after each single request: the next call goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.errors import ApiError
from vertex_flow.gcp.doctor import examine
from vertex_flow.gcp.setup import set_up
from vertex_flow.gcp.teardown import tear_down

MANAGER = "cloudresourcemanager.googleapis.com"


class Operator:
    """Sets up and tears down, and is cut off."""

    def __init__(self, project: FakeProject, apis: Apis) -> None:
        self.project = project
        self.apis = apis
        self.context = project.context()

    def set_up(self) -> Any:
        return set_up(self.context, self.apis, lambda _: None)

    def tear_down(self) -> Any:
        return tear_down(self.context, self.apis, yes=True, data=False)

    def is_cut_off(self, work: Callable[[], Any], cut: Callable[[int], None], count: int) -> bool:
        """Do something with the connection cut after some requests; tell whether it was."""
        cut(count)
        try:
            work()
        except ApiError as error:
            if error.code != 503:
                raise
            return True
        finally:
            self.project.cloud.cut_after(None)
        return False

    def left(self, before: Any) -> list[str]:
        """What is enabled that was not; nothing else may have changed."""
        now = self.project.state()
        more = sorted(set(now["enabled"]) - set(before["enabled"]))
        assert {**now, "enabled": before["enabled"]} == before
        self.project.rules.enabled -= set(more)
        return more


@pytest.fixture(params=["cut_after", "lose_after"])
def cut(project: FakeProject, request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Cut connections, before a request is done or when only its answer is missing."""
    found: Callable[[int], None] = getattr(project.cloud, request.param)
    return found


@pytest.fixture
def operator(project: FakeProject) -> Any:
    with project.apis(attempts=1) as apis:
        yield Operator(project, apis)


def test_a_setup_that_was_cut_off_is_completed_and_can_be_taken_down(
    operator: Operator, cut: Callable[[int], None]
) -> None:
    before = operator.project.state()
    left, count = [], 0
    while operator.is_cut_off(operator.set_up, cut, count):
        operator.set_up()
        assert examine(operator.context, operator.apis).ok
        operator.tear_down()
        left += operator.left(before)
        count += 1
    # Until Resource Manager is on, no label can say who has enabled it: between the two, twice.
    assert (count > 30, left) == (True, [MANAGER] * 2)


def test_a_teardown_that_was_cut_off_is_completed(
    operator: Operator, cut: Callable[[int], None]
) -> None:
    before = operator.project.state()
    left, count = [], 0
    operator.set_up()
    while operator.is_cut_off(operator.tear_down, cut, count):
        operator.tear_down()
        left += operator.left(before)
        operator.set_up()
        count += 1
    assert (count > 30, left) == (True, [MANAGER] * 2)
