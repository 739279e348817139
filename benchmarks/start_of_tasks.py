"""Tiny tasks on the engine and on kfp.local: what does it cost to start one?

python -m benchmarks.start_of_tasks --tasks 10 --repetitions 3
"""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import argparse
import contextlib
import io
import logging
import os
import tempfile
from typing import Any

from google.cloud.aiplatform_v1 import PipelineServiceClient
from google.protobuf import json_format
from kfp import dsl, local

from benchmarks.asking import client, engine, run_pipeline, seconds


@dsl.component(base_image="python:3.11", install_kfp_package=False)
def add_one(number: int) -> int:
    """Add one."""
    return number + 1


def chain(tasks: int) -> Any:
    """A pipeline of tasks that each need the one before."""

    @dsl.pipeline(name="chain")
    def pipeline() -> int:
        number: Any = 0
        for _ in range(tasks):
            number = add_one(number=number).set_caching_options(False).output
        return number

    return pipeline


def side_by_side(tasks: int) -> Any:
    """A pipeline of tasks that need nothing of each other."""

    @dsl.pipeline(name="side-by-side")
    def pipeline():  # KFP would read `-> None` as an output
        for number in range(tasks):
            add_one(number=number).set_caching_options(False)

    return pipeline


def on_engine(pipeline: Any, repetitions: int) -> float:
    """Median seconds of a run on an engine that is up."""
    spec = json_format.MessageToDict(pipeline.pipeline_spec)
    with engine() as started:
        pipelines = client(PipelineServiceClient, started)
        run_pipeline(pipelines, spec)  # the first run starts the warm parent
        return seconds(lambda: run_pipeline(pipelines, spec), repetitions)


def on_kfp_local(pipeline: Any, repetitions: int) -> float:
    """Median seconds of a run with kfp.local, in processes of this environment."""
    logging.disable(logging.INFO)  # kfp.local logs and prints what each task says
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        local.init(
            runner=local.SubprocessRunner(use_venv=False), pipeline_root=os.path.join(folder, "out")
        )
        pipeline()
        return seconds(pipeline, repetitions)


def main() -> None:
    """Print the seconds a task, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=10, help="tasks of each pipeline")
    parser.add_argument("--repetitions", type=int, default=3, help="runs, of which the median")
    options = parser.parse_args()
    lines = []
    for make in (chain, side_by_side):
        pipeline = make(options.tasks)
        here = on_engine(pipeline, options.repetitions) / options.tasks
        there = on_kfp_local(pipeline, options.repetitions) / options.tasks
        name = make.__name__.replace("_", " ")
        lines.append(f"{name:<14}{here:9.3f} s{there:9.3f} s{there / here:8.1f} x")
    print(f"{'a task':<14}{'engine':>11}{'kfp.local':>11}{'ratio':>10}", *lines, sep="\n")


if __name__ == "__main__":
    main()
