"""Small pipelines that leave marks. KFP reads their real annotations."""

import json
from typing import Any

from google.protobuf import json_format
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from kfp import dsl
from kfp.dsl import Dataset, Input, Output

IMAGE = "python:3.11"

TRAIN = """
import os, sys, time
mark, seconds = sys.argv[1:]
with open(mark, "a") as file:
    file.write("train\\n")
time.sleep(float(seconds))
with open(os.environ["AIP_MODEL_DIR"] + "model", "w") as file:
    file.write("trained")
"""


@dsl.component(base_image=IMAGE)
def count(mark: str, name: str, number: int, seconds: float = 0.0) -> int:
    """Note the start, take some time, and note the end."""
    import time

    with open(mark, "a") as file:
        file.write(name + "\n")
    time.sleep(seconds)
    with open(mark, "a") as file:
        file.write(name + ":done\n")
    return number + 1


@dsl.component(base_image=IMAGE)
def write(number: int, file: Output[Dataset], seconds: float = 0.0):
    """Write line by line, so that a file can be half written."""
    import time

    with open(file.path, "a") as out:
        for line in range(number):
            out.write(str(line) + "\n")
            out.flush()
            time.sleep(seconds)


@dsl.container_component
def total(file: Input[Dataset], result: dsl.OutputPath(int)):  # type: ignore[valid-type]
    script = 'mkdir -p "$(dirname "$1")"; wc -l < "$0" | tr -d " " > "$1"'
    return dsl.ContainerSpec(image="alpine", command=["sh", "-c", script], args=[file.path, result])


@dsl.pipeline(name="small")
def small(mark: str, number: int, pools: list, seconds: float = 0.0):
    """Python tasks, a container, a loop, a condition, a custom job and an exit handler."""
    with dsl.ExitHandler(count(mark=mark, name="exit", number=0).set_caching_options(False)):
        first = count(mark=mark, name="first", number=number, seconds=seconds)
        lines = total(file=write(number=first.output, seconds=0.0).outputs["file"])
        with dsl.ParallelFor([1, 2]) as item:
            count(mark=mark, name="item", number=item, seconds=seconds)
        job = CustomTrainingJobOp(
            display_name="train",
            worker_pool_specs=pools,
            base_output_directory=f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}",
        ).after(first)
        with dsl.If(lines.outputs["result"] == 3):
            count(mark=mark, name="three", number=number, seconds=seconds).after(job)
        with dsl.Else():
            count(mark=mark, name="other", number=number)


@dsl.pipeline(name="tiny")
def tiny(number: int) -> int:
    """Two processes: a Python task, and a container that reads what it wrote."""
    lines = total(file=write(number=number, seconds=0.05).outputs["file"])
    return lines.outputs["result"]


@dsl.pipeline(name="trained")
def trained(number: int, pools: list):
    """A Python task and a custom job."""
    task = count(mark="/dev/null", name="one", number=number)
    CustomTrainingJobOp(
        display_name="train",
        worker_pool_specs=pools,
        base_output_directory=f"{dsl.PIPELINE_ROOT_PLACEHOLDER}/{dsl.PIPELINE_JOB_NAME_PLACEHOLDER}",
    ).after(task)


def pools(mark: str, seconds: float = 0.0) -> list[dict[str, Any]]:
    """Give the worker pools of a job that leaves a mark and a model."""
    container = {
        "image_uri": "trainer",
        "command": ["python", "-c", TRAIN],
        "args": [mark, str(seconds)],
    }
    return [{"machine_spec": {}, "replica_count": 1, "container_spec": container}]


def spec_of(pipeline: Any, *, cache: bool = False) -> dict[str, Any]:
    """Compile a pipeline."""
    spec: dict[str, Any] = json_format.MessageToDict(pipeline.pipeline_spec)
    if cache:
        return spec
    text = json.dumps(spec).replace('{"enableCache": true}', '{"enableCache": false}')
    plain: dict[str, Any] = json.loads(text)
    return plain
