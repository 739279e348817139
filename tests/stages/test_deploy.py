"""Serve a registered model behind an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.samples import compiled, tasks_of
from vertex_flow import Param, Port
from vertex_flow.errors import SettingError
from vertex_flow.machines import MachineNeed
from vertex_flow.ports import value_of
from vertex_flow.stages import Deploy


def test_the_compiled_stage(check_pipeline: Callable[[Any], None]) -> None:
    check_pipeline(Deploy(traffic_percent=20))


@pytest.mark.parametrize("percent", [0, 101, 50.0, True])
def test_traffic_is_a_whole_percentage(percent: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Deploy(traffic_percent=percent)
    assert str(caught.value) == (
        f"Deploy(traffic_percent={percent!r}): expected a whole number from 1 to 100."
    )


def test_half_an_accelerator() -> None:
    with pytest.raises(SettingError, match=r"^Deploy\(accelerator_type='NVIDIA_L4', .*: give both"):
        Deploy(accelerator_type="NVIDIA_L4")


@pytest.mark.parametrize(("least", "most"), [(0, 1), (2, 1)])
def test_replicas_are_in_order(least: int, most: int) -> None:
    with pytest.raises(SettingError) as caught:
        Deploy(min_replicas=least, max_replicas=most)
    assert str(caught.value) == (
        f"Deploy(min_replicas={least}, max_replicas={most}): expected 1 <= min_replicas <= "
        "max_replicas."
    )


def test_idle_models_can_be_kept(upstream: list[Any]) -> None:
    tasks = tasks_of(compiled(*upstream, Deploy(replace=False)), "deploy")
    assert sorted(tasks) == ["find-or-create-endpoint", "model-deploy"]


def test_nothing_of_it_is_cached(upstream: list[Any]) -> None:
    tasks = tasks_of(compiled(*upstream, Deploy()), "deploy")
    assert [one["cachingOptions"] for one in tasks.values()] == [{}, {}, {}]


def test_labels_are_checked() -> None:
    with pytest.raises(SettingError, match=r"Deploy\(labels="):
        Deploy(labels={"9": "x"})


@pytest.mark.parametrize("expires", ["8", "8 hours", "-1h"])
def test_the_time_until_it_may_go_is_checked(expires: str) -> None:
    with pytest.raises(SettingError) as caught:
        Deploy(expires=expires)
    assert str(caught.value) == (
        f"Deploy(expires={expires!r}): {expires!r} is no length of time: expected a whole number "
        "and m, h or d, for example '30m', '8h' or '7d'."
    )


def test_models_that_share_the_endpoint_would_go_with_it() -> None:
    with pytest.raises(SettingError) as caught:
        Deploy(expires="8h", traffic_percent=20)
    assert str(caught.value) == (
        "Deploy(expires='8h', traffic_percent=20): the whole endpoint is removed at the end of "
        "that time, also the models that get the rest of the requests. Give the new model an "
        "endpoint of its own: Deploy(endpoint_name=..., expires='8h')."
    )


def test_the_time_until_it_may_go_can_be_a_parameter(upstream: list[Any]) -> None:
    stage = Deploy(expires=Param("needed_for", "8h"), traffic_percent=Param("share", 100))
    task = tasks_of(compiled(*upstream, stage), "deploy")["find-or-create-endpoint"]
    assert task["inputs"]["parameters"]["expires"] == {"componentInputParameter": "needed_for"}


def test_the_machines_behind_the_endpoint() -> None:
    stage = Deploy(max_replicas=Param("most", 3), expires="8h", service_account="x")
    assert stage.machines(partial(value_of, params={"most": 4})) == (
        MachineNeed(
            stage="deploy",
            purpose="serving",
            machine_type="n1-standard-2",
            replicas=4,
            lifetime="8h",
        ),
    )


def test_machines_that_only_the_pipeline_knows(upstream: list[Any]) -> None:
    stage = Deploy(machine_type=Port("publish", "kind", str))
    assert stage.machines(partial(value_of, params={}))[0].unknown == ("machine_type",)
