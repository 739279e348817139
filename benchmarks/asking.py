"""An engine in a folder that is thrown away, and what is asked of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.cloud import aiplatform_v1
from google.oauth2.credentials import Credentials

from vertex_flow.engine.embedded import EmbeddedEngine

PARENT = "projects/local/locations/us-central1"


@contextmanager
def engine() -> Iterator[EmbeddedEngine]:
    """An engine that ends, with its folder, when the benchmark does."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedEngine.start(Path(folder) / "home") as started,
    ):
        yield started


def client(service: type, engine: EmbeddedEngine) -> Any:
    """One of Google's generated clients, for an engine."""
    return service(
        transport="rest",
        credentials=Credentials(engine.token),
        client_options={"api_endpoint": engine.endpoint},
    )


def finished(get: Callable[[], Any]) -> Any:
    """Ask for a job until it has ended well.

    Raises:
        RuntimeError: It has not succeeded.
    """
    while True:
        job = get()
        if job.end_time:
            break
        time.sleep(0.01)
    if not job.state.name.endswith("SUCCEEDED"):
        raise RuntimeError(f"{job.name} is {job.state.name}: {job.error.message}")
    return job


def run_pipeline(pipelines: aiplatform_v1.PipelineServiceClient, spec: dict[str, Any]) -> Any:
    """Run a compiled pipeline to its end."""
    job = pipelines.create_pipeline_job(
        parent=PARENT,
        pipeline_job={
            "pipeline_spec": spec,
            "runtime_config": {"gcs_output_directory": "gs://benchmark/pipelines"},
        },
    )
    return finished(lambda: pipelines.get_pipeline_job(name=job.name))


def seconds(work: Callable[[], Any], repetitions: int) -> float:
    """The median time of several repetitions."""
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]
