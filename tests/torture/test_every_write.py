"""The engine is cut off before each of its writes in turn; the next one ends the work as it should.

A kill falls between two writes to the store, or into a transaction, of which nothing is left then.
So these are all the moments at which a kill can make a difference to what the engine knows. KFP
reads the real annotations.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from google_cloud_pipeline_components.types.artifact_types import UnmanagedContainerModel
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from google_cloud_pipeline_components.v1.endpoint import EndpointCreateOp, ModelDeployOp
from google_cloud_pipeline_components.v1.model import ModelUploadOp
from kfp import dsl

from tests.engine.pipelines.bench import outputs, spec_of
from tests.engine.pipelines.phoenix import Phoenix
from tests.torture.pipelines import count, pools
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError

SERVER = str(Path(__file__).parents[1] / "engine" / "flower_server.py")


@dsl.pipeline(name="whole")
def whole(mark: str, pools: list):
    """A Python task, a condition, a custom job, and a model that is deployed."""
    one = count(mark=mark, name="one", number=1).set_caching_options(False)
    with dsl.If(one.output == 2):
        CustomTrainingJobOp(
            display_name="train",
            worker_pool_specs=pools,
            base_output_directory="gs://bucket/train",
        ).set_caching_options(False)
    container = dsl.importer(
        artifact_uri="gs://bucket/flowers",
        artifact_class=UnmanagedContainerModel,
        metadata={"containerSpec": {"imageUri": "acme/flowers:1", "command": ["python", SERVER]}},
    ).after(one)
    model = ModelUploadOp(display_name="m", unmanaged_container_model=container.output)
    model.set_caching_options(False)
    endpoint = EndpointCreateOp(display_name="e").set_caching_options(False)
    ModelDeployOp(
        model=model.outputs["model"],
        endpoint=endpoint.outputs["endpoint"],
        dedicated_resources_machine_type="n1-standard-2",
        dedicated_resources_min_replica_count=1,
        traffic_split={"0": 100},
    ).set_caching_options(False)


def seal_before(store: Store, number: int) -> None:
    """Cut the engine off before a write, counted from 1."""
    real = store._write
    writes = 0

    def write(sql: str, values: Sequence[Any]) -> None:
        nonlocal writes
        writes += 1
        if writes == number:
            store.seal()
        real(sql, values)

    store._write = write  # type: ignore[method-assign]


def cut_and_finish(folder: Path, number: int) -> bool:
    """Run the pipeline, cut off before a write; tell whether there was such a write."""
    engine = Phoenix(folder)
    files = engine.home.path("gs://bucket/flowers")
    files.mkdir(parents=True)
    (files / "model").touch()
    params = {"mark": str(folder / "mark"), "pools": pools(str(folder / "trained"))}
    seal_before(engine.store, number)
    name = created(engine, params)
    if name:
        engine.until(lambda: engine.store._sealed or not engine.background.running(name))
    reached = engine.store._sealed
    engine.restart()
    try:
        found = [job["name"] for job in engine.list("pipelineJobs")]
        check(engine, engine.finish(found[0] if found else created(engine, params)))
    finally:
        engine.close()
    return reached


def created(engine: Phoenix, params: dict[str, Any]) -> str:
    """Create the job and give its name; nothing when the engine was cut off before."""
    try:
        name: str = engine.create(SPEC, params)["name"]
    except ApiError:
        return ""
    return name


SPEC = spec_of(whole)


def check(engine: Phoenix, job: dict[str, Any]) -> None:
    """See that everything is done, and nothing twice."""
    tasks = job["jobDetail"]["taskDetails"]
    assert [one["error"] for one in tasks if "error" in one] == []
    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert outputs(job, "count") == {"Output": 2}
    assert len(engine.list("pipelineJobs")) == 1
    assert [model["versionId"] for model in engine.list("models")] == ["1"]
    (endpoint,) = engine.list("endpoints")
    assert list(endpoint["trafficSplit"].values()) == [100]
    assert len(endpoint["deployedModels"]) == 1
    jobs = [one["state"] for one in engine.list("customJobs")]
    assert jobs.count("JOB_STATE_SUCCEEDED") == 1
    assert engine.store.notes(job["name"]) == {}


@pytest.mark.parametrize("number", [1, 12, 40, 80])
def test_a_cut_before_some_writes(tmp_path: Path, number: int) -> None:
    cut_and_finish(tmp_path / "place", number)


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_a_cut_before_every_write(tmp_path: Path) -> None:
    number = 1
    while cut_and_finish(tmp_path / str(number), number):
        number += 1
    print(f"cut off before each of {number - 1} writes")
    assert number > 50
