"""Train a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.samples import compiled, tasks_of
from vertex_flow import Param, Trainer
from vertex_flow.errors import SettingError
from vertex_flow.machines import MachineNeed
from vertex_flow.ports import value_of
from vertex_flow.stages import ImportDataset, Preprocess, Train


def test_the_compiled_stage(check_pipeline: Callable[[Any], None], trainer: Trainer) -> None:
    check_pipeline(Train(trainer, args={"epochs": Param("epochs", 5)}))


def test_it_works_without_tuning_before_it(trainer: Trainer) -> None:
    steps = [ImportDataset("gs://b/x"), Preprocess(), Train(trainer)]
    task = tasks_of(compiled(*steps), "train")["get-worker-pool-specs"]
    assert "hyperparams" not in task["inputs"]["parameters"]


@pytest.mark.parametrize("timeout", ["1h", "3600", "-5s", "0s", ""])
def test_a_timeout_is_seconds(timeout: str, trainer: Trainer) -> None:
    with pytest.raises(SettingError) as caught:
        Train(trainer, timeout=timeout)
    assert str(caught.value) == (
        f"Train(timeout={timeout!r}): expected seconds with an 's', for example '3600s'."
    )


def test_an_argument_has_no_dashes(trainer: Trainer) -> None:
    with pytest.raises(SettingError, match=r"Train\(args=\{'-e': \.\.\.\}\): write 'e', without"):
        Train(trainer, args={"-e": 1})


def test_its_machines() -> None:
    trainer = Trainer(
        module="trainer.task",
        machine_type=Param("machine", "n1-standard-8"),
        accelerator_type="NVIDIA_TESLA_T4",
        accelerator_count=2,
        replicas=3,
    )
    assert Train(trainer).machines(partial(value_of, params={"machine": "n1-highmem-8"})) == (
        MachineNeed(
            stage="train",
            purpose="training",
            machine_type="n1-highmem-8",
            accelerator_type="NVIDIA_TESLA_T4",
            accelerator_count=2,
            replicas=3,
        ),
    )
