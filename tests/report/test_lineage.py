"""Where a model version comes from."""

from __future__ import annotations

import pytest

from tests.report.examples import facts
from vertex_flow.report.facts import Origin, StageFacts
from vertex_flow.report.lineage import lineage_of
from vertex_flow.report.snapshot import Artifact
from vertex_flow.report.structure import Place

SPEC = {
    "components": {
        "comp-load": {"executorLabel": "exec-load"},
        "comp-train": {"dag": {"tasks": {"fit": {"componentRef": {"name": "comp-fit"}}}}},
        "comp-fit": {"executorLabel": "exec-fit"},
        "comp-other": {"executorLabel": "exec-fit"},
    },
    "deploymentSpec": {
        "executors": {"exec-load": {"importer": {}}, "exec-fit": {"container": {"image": "i"}}}
    },
}
PLACES = {
    "load": Place(component="comp-load"),
    "train": Place(
        component="comp-train", after=("load",), takes=("load.data",), parameters=("epochs",)
    ),
    "register": Place(component="comp-other", after=("train",), takes=("train.model",)),
    "aside": Place(component="comp-other", after=("load",)),
}
STAGES = (
    StageFacts(
        name="load", state="SUCCEEDED", artifacts={"data": Artifact("system.Dataset", "gs://d", {})}
    ),
    StageFacts(
        name="train",
        state="REUSED",
        after=("load",),
        artifacts={
            "model": Artifact("system.Model", "gs://m", {}),
            "logs": Artifact("system.Artifact", "gs://l", {}),
        },
    ),
    StageFacts(name="aside", state="SUCCEEDED", after=("load",)),
    StageFacts(
        name="register",
        state="SUCCEEDED",
        after=("train",),
        artifacts={
            "vertex_model": Artifact("google.VertexModel", "x", {"resourceName": "models/1@2"})
        },
    ),
)


@pytest.fixture
def found() -> dict[str, Origin]:
    run = facts(stages=STAGES, parameters={"epochs": 5})
    return {one.id: one for one in lineage_of(run, SPEC, PLACES, {"train": ["repo/image:1"]})}


def test_the_model_is_made_by_a_stage_of_the_model_of_another(found: dict[str, Origin]) -> None:
    assert found["artifact:register.vertex_model"] == Origin(
        kind="model",
        id="artifact:register.vertex_model",
        label="register.vertex_model",
        detail="models/1@2",
        sources=("stage:register",),
    )
    assert "artifact:train.model" in found["stage:register"].sources


def test_training_has_code_image_data_and_parameters(found: dict[str, Origin]) -> None:
    assert found["stage:train"].sources == (
        "code:train",
        "image:repo/image:1",
        "artifact:load.data",
        "parameters",
    )


def test_what_is_imported_is_data(found: dict[str, Origin]) -> None:
    assert (found["artifact:load.data"].kind, found["artifact:load.data"].detail) == (
        "data",
        "gs://d",
    )


def test_what_has_no_part_in_it_is_left_out(found: dict[str, Origin]) -> None:
    assert not {"stage:aside", "artifact:train.logs"} & set(found)


def test_code_has_a_digest(found: dict[str, Origin]) -> None:
    assert found["code:train"].detail.startswith("sha256:")
    assert found["code:train"].detail == found["code:register"].detail  # the same executor


def test_without_a_model_it_is_of_the_last_stage() -> None:
    lineage = lineage_of(facts(stages=STAGES[:2]), SPEC, PLACES, {})
    assert "artifact:train.model" not in {one.id for one in lineage if one.kind == "model"}
    assert "stage:train" in {one.id for one in lineage}


def test_a_run_that_made_nothing_has_none() -> None:
    assert lineage_of(facts(stages=(), parameters={}), {}, {}, {}) == ()
