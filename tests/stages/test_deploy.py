"""Serve a registered model behind an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.samples import compiled, tasks_of
from vertex_flow.errors import SettingError
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
