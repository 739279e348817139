"""What the tests of the stages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.samples import as_text, compiled, pipeline_of
from vertex_flow import Double, Trainer
from vertex_flow.stages import HyperTune, ImportDataset, Preprocess, Register, Train


@pytest.fixture
def trainer() -> Trainer:
    return Trainer(module="trainer.task")


@pytest.fixture
def upstream(trainer: Trainer) -> list[Any]:
    """A stage that offers each input of the built-in stages."""
    space = {"rate": Double(1e-3, 1e-2)}
    return [
        ImportDataset("gs://acme/x.npz", name="first"),
        Preprocess(name="split"),
        HyperTune(trainer, space, metric="accuracy", name="search"),
        Train(trainer, name="fit"),
        Register(name="publish"),
    ]


@pytest.fixture
def check_pipeline(
    upstream: list[Any], golden: Callable[[str, str], None]
) -> Callable[[Any], None]:
    """Compare the nested pipeline of a stage with its golden."""

    def check(stage: Any) -> None:
        spec = compiled(*upstream, stage)
        golden(f"{stage.name}.yaml", as_text(pipeline_of(spec, stage.name)))

    return check
