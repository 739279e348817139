"""A pipeline of two steps that trains: a data set, metrics and a model come out."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def prepare(rows: int, data: dsl.Output[dsl.Dataset]):
    with open(data.path, "w") as file:
        file.write("x" * rows)


@dsl.component(base_image="python:3.11")
def train(
    data: dsl.Input[dsl.Dataset],
    rate: float,
    metrics: dsl.Output[dsl.Metrics],
    model: dsl.Output[dsl.Model],
) -> float:
    metrics.log_metric("accuracy", 0.91)
    model.metadata["framework"] = "none"
    return rate * 2


@dsl.pipeline(name="training")
def training(rows: int = 3, rate: float = 0.1):
    with dsl.If(rows > 0):
        data = prepare(rows=rows).outputs["data"]
        train(data=data, rate=rate)


@dsl.component(base_image="python:3.11")
def fail():
    raise ValueError("no luck")


@dsl.pipeline(name="failing")
def failing():
    fail()
