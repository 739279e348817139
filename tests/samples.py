"""Small stages for tests: data → model → score, and one that uses what it gets."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]
from google.protobuf import json_format
from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output

from vertex_flow import Flow, In, Inputs, Out, Outputs, Stage, Value, stage
from vertex_flow.compiler import build

IMAGE = "python:3.11"


@dsl.component(base_image=IMAGE)
def make_data(data: Output[Dataset], size: int) -> None:
    """Make data."""
    with open(data.path, "w") as file:
        file.write("x" * size)


@dsl.component(base_image=IMAGE)
def make_model(data: Input[Dataset], rate: float, model: Output[Model]) -> None:
    """Make a model."""
    with open(model.path, "w") as file:
        file.write(str(rate))


@dsl.component(base_image=IMAGE)
def measure(
    model: Input[Model],
) -> NamedTuple("Outputs", [("passed", bool), ("share", float), ("count", int), ("label", str)]):  # type: ignore[valid-type]
    """Measure a model."""
    return (True, 0.5, 3, "good")  # type: ignore[return-value]


@dsl.component(base_image=IMAGE)
def spend(amount: float, times: int) -> None:
    """Use numbers."""
    print(amount * times)


@dsl.component(base_image=IMAGE)
def fall_over() -> None:
    """Fail."""
    raise RuntimeError("no luck today")


@dsl.component(base_image=IMAGE)
def sleep_long() -> None:
    """Go on until it is ended."""
    import time

    time.sleep(1000)


@stage
class Sleep(Stage):
    """Goes on until it is ended."""

    def emit(self, io: Inputs) -> Outputs:
        sleep_long()
        return {}


@stage
class Source(Stage):
    """Makes data.

    Attributes:
        size: Letters in it.
        data: The data.
    """

    size: Value[int] = 3
    data = Out(Dataset)

    def emit(self, io: Inputs) -> Outputs:
        return {"data": make_data(size=io.size).outputs["data"]}


@stage
class Fit(Stage):
    """Makes a model of data."""

    data: In[Dataset] = In()
    rate: Value[float] = 0.1
    model = Out(Model)

    def emit(self, io: Inputs) -> Outputs:
        return {"model": make_model(data=io.data, rate=io.rate).outputs["model"]}


@stage
class Score(Stage):
    """Measures a model."""

    model: In[Model] = In()
    passed = Out(bool)
    share = Out(float)
    count = Out(int)
    label = Out(str)

    def emit(self, io: Inputs) -> Outputs:
        task = measure(model=io.model)
        return {name: task.outputs[name] for name in ("passed", "share", "count", "label")}


@stage
class Spend(Stage):
    """Uses numbers, and a model where there is one."""

    model: In[Model] = In(optional=True)
    amount: Value[float] = 1.0
    times: Value[int] = 1

    def emit(self, io: Inputs) -> Outputs:
        spend(amount=io.amount, times=io.times)
        return {}


@stage
class Fail(Stage):
    """Fails."""

    def emit(self, io: Inputs) -> Outputs:
        fall_over()
        return {}


def compiled(*steps: Any, name: str = "sample") -> dict[str, Any]:
    """The PipelineSpec of a flow, as plain values."""
    spec = build(Flow(name, steps).graph).pipeline_spec
    plain: dict[str, Any] = json_format.MessageToDict(spec)
    return plain


def tasks_of(spec: dict[str, Any], stage_name: str) -> dict[str, Any]:
    """The tasks inside the nested pipeline of a stage."""
    ref = spec["root"]["dag"]["tasks"][stage_name]["componentRef"]["name"]
    tasks: dict[str, Any] = spec["components"][ref]["dag"]["tasks"]
    return tasks


def pipeline_of(spec: dict[str, Any], stage_name: str) -> dict[str, Any]:
    """What a stage's nested pipeline takes, does and gives, without KFP's descriptions."""
    ref = spec["root"]["dag"]["tasks"][stage_name]["componentRef"]["name"]
    pipeline: dict[str, Any] = spec["components"][ref]
    return pipeline


def as_text(plain: Any) -> str:
    """Write plain values for a golden."""
    return str(yaml.safe_dump(plain, allow_unicode=True, width=100))
