"""Setup and teardown cut off after each single request: the next call goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


@pytest.fixture
def operator(project: FakeProject) -> Iterator[Operator]:
    with project.apis(attempts=1) as apis:
        yield Operator(project, apis)


def counts(operator: Operator, work: Callable[[], Any], *, lost: bool) -> list[int]:
    """How many requests are answered before each cut: an answer is lost of changes alone."""
    before = len(operator.project.cloud.asked)
    work()
    asked = operator.project.cloud.asked[before:]
    changing = operator.project.changing()
    found = [count for count, one in enumerate(asked) if not lost or one in changing]
    assert len(found) > 10
    return found


@pytest.mark.parametrize("lost", [False, True], ids=["cut", "lost"])
def test_a_setup_that_was_cut_off_is_completed_and_can_be_taken_down(
    operator: Operator, lost: bool
) -> None:
    before = operator.project.state()
    cloud, left = operator.project.cloud, []
    points = counts(operator, operator.set_up, lost=lost)
    operator.tear_down()
    for count in points:
        cut = cloud.lose_after if lost else cloud.cut_after
        assert operator.is_cut_off(operator.set_up, cut, count)
        operator.set_up()
        assert examine(operator.context, operator.apis).ok
        operator.tear_down()
        left += operator.left(before)
    # Until Resource Manager is on, no label can say who has enabled it: cut between the two.
    assert left == [MANAGER] * (1 if lost else 2)


@pytest.mark.parametrize("lost", [False, True], ids=["cut", "lost"])
def test_a_teardown_that_was_cut_off_is_completed(operator: Operator, lost: bool) -> None:
    before = operator.project.state()
    cloud, left = operator.project.cloud, []
    operator.set_up()
    points = counts(operator, operator.tear_down, lost=lost)
    for count in points:
        operator.set_up()
        cut = cloud.lose_after if lost else cloud.cut_after
        assert operator.is_cut_off(operator.tear_down, cut, count)
        operator.tear_down()
        left += operator.left(before)
    assert left == [MANAGER] * (1 if lost else 2)
