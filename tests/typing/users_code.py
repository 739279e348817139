"""What a user's editor must know. Never run: `test_typing.py` lets the type checkers read it.

A line that must be an error carries `# type: ignore[code]` for mypy or `# pyright: ignore[rule]`;
the checkers run with unused ignores as errors, so the mark says that the error is there.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from vertex_flow import (
    Discrete,
    Double,
    Flow,
    GcpContext,
    In,
    Inputs,
    Out,
    Outputs,
    Param,
    Port,
    Run,
    Schedule,
    Stage,
    Trainer,
    Value,
    When,
    stage,
)
from vertex_flow.ports import Condition
from vertex_flow.stages import (
    Deploy,
    Evaluate,
    HyperTune,
    ImportDataset,
    Preprocess,
    Register,
    Train,
)


@stage
class Sample(Stage):
    """A stage of the user's own."""

    model: In[Any] = In()
    share = Out(float)
    ratio: Value[float] = 0.5
    label: str = ""

    def emit(self, io: Inputs) -> Outputs:
        """Do nothing."""
        return {}


@stage
class MyTrain(Train):
    """A built-in stage with a setting more."""

    seed: Value[int] = 0


trainer = Trainer(module="trainer.task", args={"epochs": Param("epochs", 5)})
space = {"rate": Double(1e-4, 1e-2, scale="log"), "units": Discrete([64, 128])}
train = Train(trainer)
score = Evaluate(thresholds={"accuracy": 0.9})

# Outputs are ports of their type on an instance, declarations on the class.
assert_type(score.passed, Port[bool])
assert_type(score.accuracy, Port[float])
assert_type(Evaluate.passed, Out[bool])
assert_type(HyperTune(trainer, space, metric="accuracy").best_metric, Port[float])
assert_type(Sample().share, Port[float])
assert_type(MyTrain(trainer, seed=3).name, str)
assert_type(Sample(name="other", after=["train"], cache=False).changed(ratio=0.1), Sample)

# Comparisons are conditions.
assert_type(score.accuracy >= 0.9, Condition)
When(score.passed, [Register(), Deploy()])
When(score.accuracy >= 0.9, [Register()])

# Inputs take ports, settings take constants, ports and parameters.
Evaluate(model=train.model)
Sample(ratio=0.1, label="a")
Sample(ratio=score.accuracy)
Sample(ratio=Param("ratio", 0.5))
Train(trainer, timeout=Param("timeout", "3600s"))
Evaluate(thresholds={"accuracy": Param("least", 0.9), "recall": 0.5})
Trainer(module="trainer.task", replicas=Param("replicas", 2))

# A flow takes stages of any kind.
flow = Flow("mnist", [ImportDataset("gs://b/x"), Preprocess(), train, score, Sample()])
assert_type(flow.replace("train", MyTrain(trainer)), Flow)
assert_type(flow.stages, tuple[Stage, ...])
assert_type(flow.run(GcpContext.local(), params={"epochs": 3}), Run)

assert_type(flow.run(enable_caching=False, labels={"a": "b"}, failure_policy="fast"), Run)

# A context gives what it was not given.
context = GcpContext(project="acme", bucket="b", service_account="a@b", training_image="i")
assert_type(context.project, str)
assert_type(context.bucket, str)
assert_type(GcpContext.from_profile("prod"), GcpContext)

# What a flow costs, and when it runs.
assert_type(flow.estimate(context, hours={"train": 2}).cost, float | None)
assert_type(flow.schedule(context, "0 3 * * *", timezone="Europe/Berlin"), Schedule)
assert_type(Schedule.list(context), tuple[Schedule, ...])
assert_type(Schedule.attach(context, "mnist").runs(), tuple[Run, ...])
Deploy(expires=Param("needed_for", "8h"))

# Errors.
GcpContext(projekt="acme")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
flow.run(sevice_account="me")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
flow.run(failure_policy="soon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Evaluate(modle=train.model)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Evaluate(model="gs://b/m")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Sample(ratio="0.1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Sample(0.1)  # type: ignore[arg-type,call-arg]  # pyright: ignore[reportCallIssue]
Train()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
MyTrain(trainer, sede=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Double(1, 2, scale="lgo")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Sample().ratio = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
Flow("mnist", [Train])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
