"""Components of the pipelines in these tests. KFP reads their real annotations."""

# ruff: noqa: E741, PLR0917, UP006, UP035, UP045

from typing import List, NamedTuple, Optional

from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Metrics, Output, PipelineTaskFinalStatus

IMAGE = "python:3.11"


@dsl.component(base_image=IMAGE, packages_to_install=["attrs>=20"])
def add(a: int, b: int) -> int:
    return a + b


@dsl.component(base_image=IMAGE)
def say(text: str) -> str:
    print(text)
    return text


@dsl.component(base_image=IMAGE)
def is_big(x: float) -> bool:
    return x > 10


@dsl.component(base_image=IMAGE)
def write(text: str, file: Output[Dataset], metrics: Output[Metrics]):
    with open(file.path, "w") as out:
        out.write(text)
    file.metadata["length"] = len(text)
    metrics.log_metric("accuracy", 0.5)


@dsl.component(base_image=IMAGE)
def read(file: Input[Dataset]) -> str:
    with open(file.path) as content:
        return content.read() + str(int(file.metadata.get("length", -1)))


@dsl.component(base_image=IMAGE)
def kinds(
    i: int, f: float, b: bool, s: str, l: list, d: dict, o: Optional[str] = None, x: int = 7
) -> str:
    return repr([i, f, b, s, l, d, o, x])


@dsl.component(base_image=IMAGE)
def fail(text: str = "boom") -> str:
    raise ValueError(text)


@dsl.component(base_image=IMAGE)
def die():
    import os

    os.kill(os.getpid(), 9)


@dsl.component(base_image=IMAGE)
def count_to(path: str, number: int) -> int:
    """Fail until it has been called `number` times."""
    import os

    with open(path, "a") as file:
        file.write("x")
    calls = os.path.getsize(path)
    if calls < number:
        raise RuntimeError(f"call {calls}")
    return calls


@dsl.component(base_image=IMAGE)
def sleep(mark: str = "") -> str:
    import time

    if mark:
        open(mark, "w").close()
    time.sleep(300)
    return "slept"


@dsl.component(base_image=IMAGE)
def meet(mine: str, other: str) -> str:
    """Return when its neighbour runs at the same time."""
    import os
    import time

    open(mine, "w").close()
    while not os.path.exists(other):
        time.sleep(0.02)
    return "met"


@dsl.component(base_image=IMAGE)
def total(numbers: List[int]) -> int:
    return sum(numbers)


@dsl.component(base_image=IMAGE)
def join(files: Input[List[Artifact]]) -> str:
    return ",".join(open(file.path).read() for file in files)


@dsl.component(base_image=IMAGE)
def report(status: PipelineTaskFinalStatus) -> str:
    return f"{status.pipeline_task_name} {status.state} {status.error_message}"


@dsl.component(base_image=IMAGE)
def two() -> NamedTuple("Two", [("one", int), ("other", str)]):
    return (1, "x")


@dsl.component(base_image=IMAGE)
def where() -> str:
    import os

    return os.getcwd() + " " + os.environ["GOOGLE_CLOUD_PROJECT"]


@dsl.container_component
def shout(text: str, loud: dsl.OutputPath(str), mark: Optional[str] = None):
    return dsl.ContainerSpec(
        image="alpine",
        command=["sh", "-c", 'out=$0; printf "%s|" "$@" "$EXTRA" > "$out"'],
        args=[
            loud,
            dsl.ConcatPlaceholder(["<", text, ">"]),
            dsl.IfPresentPlaceholder(input_name="mark", then=["--mark", mark], else_=["--plain"]),
        ],
    )


@dsl.container_component
def bare():
    return dsl.ContainerSpec(image="alpine")


@dsl.container_component
def copy(source: Input[Dataset], target: Output[Dataset]):
    return dsl.ContainerSpec(image="alpine", command=["cp"], args=[source.path, target.path])


@dsl.component(base_image=IMAGE)
def diverge(metrics: Output[Metrics], where: str) -> float:
    if where == "metrics":
        metrics.log_metric("loss", float("nan"))
    return float("inf") if where == "output" else 1.0
