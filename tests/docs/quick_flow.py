"""A flow that registers a model within seconds, for examples that run one."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
from kfp import dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output

from vertex_flow import Flow, In, Inputs, Out, Outputs, Stage, stage
from vertex_flow.stages import ImportDataset, Preprocess, Register


@dsl.component(base_image="python:3.11")
def write_model(train_data: Input[Dataset], model: Output[Model]) -> None:
    """Write something that stands for a model."""
    import os

    os.makedirs(model.path)
    with open(os.path.join(model.path, "model.joblib"), "w") as file:
        file.write(train_data.uri)


@dsl.component(base_image="python:3.11")
def judge(model: Input[Model], metrics: Output[Metrics]) -> bool:
    """Pass every model."""
    metrics.log_metric("accuracy", 0.95)
    return True


@stage
class Write(Stage):
    """Write something that stands for a model."""

    train_data: In[Dataset] = In()
    model = Out(Model)

    def emit(self, io: Inputs) -> Outputs:
        return {"model": write_model(train_data=io.train_data).outputs["model"]}


@stage
class Judge(Stage):
    """Pass every model."""

    model: In[Model] = In()
    passed = Out(bool)
    metrics = Out(Metrics)

    def emit(self, io: Inputs) -> Outputs:
        task = judge(model=io.model)
        return {"passed": task.outputs["Output"], "metrics": task.outputs["metrics"]}


def quick_flow() -> Flow:
    """Data, a model of no use, an evaluation that passes it, and its registration."""
    return Flow(
        "mnist",
        [
            ImportDataset("gs://acme-ml/mnist.npz"),
            Preprocess(),
            Write(),
            Judge(name="evaluate"),
            Register(),
        ],
    )
