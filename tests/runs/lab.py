"""Runs of one pipeline after the other on a real engine, one thing apart from each other."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from google.cloud import aiplatform_v1
from google.protobuf import json_format
from kfp import dsl

from tests.samples import IMAGE, Fit, Score, Source, Spend, compiled
from vertex_flow import GcpContext, In, Inputs, Out, Outputs, Param, Run, Stage, Value, When, stage
from vertex_flow.engine.joining import join
from vertex_flow.errors import RunFailed
from vertex_flow.runs.reaching import connect
from vertex_flow.runs.start import fresh_id


@dsl.component(base_image=IMAGE)
def repeat(text: str) -> str:
    """Give a text."""
    return text


@dsl.component(base_image=IMAGE)
def look(data: dsl.Input[dsl.Dataset]) -> str:
    """Read a text."""
    with open(data.path) as file:
        return file.read()


@stage
class Say(Stage):
    """Gives a text."""

    text: Value[str] = "hello"
    said = Out(str)

    def emit(self, io: Inputs) -> Outputs:
        return {"said": repeat(text=io.text).output}


@stage
class Read(Stage):
    """Reads a data set."""

    dataset: In[dsl.Dataset] = In()
    text = Out(str)

    def emit(self, io: Inputs) -> Outputs:
        return {"text": look(data=io.dataset).output}


@dsl.pipeline(name="rounds")
def rounds(text: str = "x"):  # type: ignore[no-untyped-def]
    """A pipeline that no flow has made, with a loop."""
    first = repeat(text=text)
    with dsl.ParallelFor(["a", "b"]) as item:
        repeat(text=item).after(first)


def spec_of(pipeline: Any) -> dict[str, Any]:
    """The spec of a KFP pipeline, as plain values."""
    found: dict[str, Any] = json_format.MessageToDict(pipeline.pipeline_spec)
    return found


def sample(name: str, *, size: int = 3) -> dict[str, Any]:
    """Source and fit, with the pipeline parameter `rate`."""
    return compiled(Source(size=size), Fit(rate=Param("rate", 0.1)), name=name)


def long(name: str, *, size: int = 3) -> dict[str, Any]:
    """The same, then score, and spend when the score is good."""
    score = Score()
    steps = (Source(size=size), Fit(rate=Param("rate", 0.1)), score)
    return compiled(*steps, When(score.passed, [Spend()]), name=name)


def edited(spec: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """A spec with a text in the place of another, wherever it stands."""
    text = json.dumps(spec)
    assert old in text
    found: dict[str, Any] = json.loads(text.replace(old, new))
    return found


@attrs.frozen
class Lab:
    """A place where pipelines run.

    Attributes:
        context: The place.
    """

    context: GcpContext

    def run(self, spec: dict[str, Any], labels: Any = None, **params: Any) -> Run:
        """Run a compiled pipeline to its end, good or bad."""
        client, _ = connect(self.context)
        name = spec["pipelineInfo"]["name"]
        config = {"gcsOutputDirectory": self.context.pipeline_root, "parameterValues": params}
        plain = {"displayName": name, "runtimeConfig": config, "pipelineSpec": spec}
        job = aiplatform_v1.PipelineJob()
        json_format.ParseDict({**plain, "labels": labels or {}}, aiplatform_v1.PipelineJob.pb(job))
        made = client.create_pipeline_job(fresh_id(name), job)
        run = Run.attach(self.context, made.name)
        with contextlib.suppress(RunFailed):
            run.wait()
        return run


@contextlib.contextmanager
def laboratory(folder: Path) -> Iterator[Lab]:
    """Keep an engine up until the block ends."""
    context = GcpContext.local(folder)
    engine = join(folder)
    try:
        yield Lab(context)
    finally:
        engine.close()
