"""How the stages of compiled pipelines hang together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.samples import Fit, Score, Source, Spend, compiled
from vertex_flow import Param, When
from vertex_flow.report.structure import Place, places


@pytest.fixture(scope="module")
def found() -> dict[str, Place]:
    score = Score()
    inner = When(score.share > 0.25, [Spend(times=Param("times", 3))])
    return places(compiled(Source(), Fit(), score, When(score.passed, [inner])))


def test_stages_come_after_those_whose_outputs_they_take(found: dict[str, Place]) -> None:
    assert {name: one.after for name, one in found.items()} == {
        "source": (),
        "fit": ("source",),
        "score": ("fit",),
        "spend": ("fit", "score"),
    }


def test_conditions_in_conditions_are_joined(found: dict[str, Place]) -> None:
    assert found["spend"].condition == "score.passed and score.share > 0.25"


def test_what_a_stage_takes_is_followed_through_conditions(found: dict[str, Place]) -> None:
    assert (found["spend"].takes, found["spend"].parameters) == (("fit.model",), ("times",))


def test_a_condition_on_a_parameter_is_named_by_it() -> None:
    task = {
        "triggerPolicy": {
            "condition": "int(inputs.parameter_values['pipelinechannel--size']) > int(7)"
        },
        "inputs": {"parameters": {"pipelinechannel--size": {"componentInputParameter": "size"}}},
        "componentRef": {"name": "comp-if"},
    }
    spec = {
        "root": {"dag": {"tasks": {"if": task}}},
        "components": {"comp-if": {"dag": {"tasks": {"a": {}}}}},
    }
    assert places(spec)["a"].condition == "size > 7"


def test_what_comes_after_a_condition_comes_after_its_stages() -> None:
    condition = {"triggerPolicy": {"condition": "x"}, "componentRef": {"name": "comp-if"}}
    spec = {
        "root": {"dag": {"tasks": {"if": condition, "last": {"dependentTasks": ["if"]}}}},
        "components": {"comp-if": {"dag": {"tasks": {"a": {}, "b": {}}}}},
    }
    assert places(spec)["last"].after == ("a", "b")


@pytest.mark.parametrize("odd", [{}, {"root": 1}, {"root": {"dag": {"tasks": [1]}}}])
def test_an_odd_pipeline_has_no_stages(odd: dict[str, Any]) -> None:
    assert places(odd) == {}
