"""What only pyright knows, for kfp has no types for mypy: an artifact of another class."""

from __future__ import annotations

from kfp.dsl import Dataset, Model
from typing_extensions import assert_type

from vertex_flow import Port, Trainer
from vertex_flow.stages import Evaluate, Preprocess, Train

preprocess = Preprocess()
train = Train(Trainer(module="trainer.task"), train_data=preprocess.train_data)

assert_type(train.model, Port[Model])
assert_type(preprocess.train_data, Port[Dataset])

Evaluate(model=train.model, test_data=preprocess.test_data)
Evaluate(model=preprocess.train_data)  # pyright: ignore[reportArgumentType]
