"""What a compiled pipeline consists of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import spec
from tests.runs.lab import rounds, spec_of
from tests.samples import Fit, Source, compiled
from vertex_flow import Param
from vertex_flow.report.blueprint import Blueprint, Constant, Given, Made, Unclear


@pytest.fixture(scope="module")
def plan() -> Blueprint:
    return Blueprint(spec())


def sources(plan: Blueprint, stage: str) -> dict[str, Any]:
    (leaf,) = plan.leaves_of(stage)
    return dict(plan.sources(leaf))


def test_stages_each_after_those_it_needs(plan: Blueprint) -> None:
    assert dict(plan.stages) == {
        "source": ("source",),
        "fit": ("fit",),
        "score": ("score",),
        "spend": ("condition-1", "spend"),
    }


def test_the_tasks_of_a_stage(plan: Blueprint) -> None:
    (leaf,) = plan.leaves_of("spend")
    assert (leaf.path, leaf.name) == (("condition-1", "spend", "spend"), "spend")
    assert leaf.container["image"] == "python:3.11"


def test_a_stage_is_cached_when_all_of_it_is() -> None:
    plan = Blueprint(compiled(Source(cache=False), Fit()))
    assert (plan.is_cached("source"), plan.is_cached("fit")) == (False, True)


def test_a_constant(plan: Blueprint) -> None:
    assert sources(plan, "source") == {"size": Constant(3.0)}


def test_an_output_of_another_stage(plan: Blueprint) -> None:
    assert sources(plan, "fit")["data"] == Made(("source", "make-data"), "data")


def test_a_parameter_of_the_pipeline() -> None:
    plan = Blueprint(compiled(Source(size=Param("size", 3))))
    assert sources(plan, "source") == {"size": Given("size")}
    assert dict(plan.given)["size"]["defaultValue"] == 3.0


def test_an_item_of_a_loop() -> None:
    plan = Blueprint(spec_of(rounds))
    loop = next(name for name in plan.stages if name.startswith("for-loop"))
    assert sources(plan, loop) == {"text": Unclear()}


@pytest.mark.parametrize("round_", [("{0}", "{0}-0"), ("{0}-1",), ("{0}",)])
def test_rounds_of_a_loop_are_one_task_of_the_spec(round_: tuple[str, ...]) -> None:
    plan = Blueprint(spec_of(rounds))
    (loop,) = (name for name in plan.stages if name.startswith("for-loop"))
    names = tuple(one.format(loop) for one in round_)
    assert plan.path_of((*names, "repeat-2")) == (loop, "repeat-2")


def test_a_task_that_there_is_not(plan: Blueprint) -> None:
    assert plan.task(plan.path_of(("nothing", "here"))) == {}


def test_what_a_stage_hangs_on(plan: Blueprint) -> None:
    assert dict(plan.conditions) == {
        "spend": "inputs.parameter_values['pipelinechannel--score-passed'] == true"
    }


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"root": 3},
        {"root": {"dag": {"tasks": {"a": []}}}, "components": 1, "deploymentSpec": "x"},
        {"root": {"dag": {"tasks": {"a": {"componentRef": {"name": "b"}, "inputs": 3}}}}},
    ],
    ids=repr,
)
def test_what_looks_like_no_pipeline_is_left_out(odd: dict[str, Any]) -> None:
    plan = Blueprint(odd)
    assert [dict(plan.sources(leaf)) for leaf in plan.leaves.values()] in ([], [{}])


def test_sources_of_a_stage_that_takes_two_things() -> None:
    plan = Blueprint(compiled(Source(), Fit(rate=Param("rate", 0.5))))
    assert sources(plan, "fit") == {
        "rate": Given("rate"),
        "data": Made(("source", "make-data"), "data"),
    }
