"""How runs differ, row by row."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.jobs import spec
from tests.report.sides import comparison, scored, side
from tests.runs.lab import edited
from tests.samples import Fit, Source, compiled
from vertex_flow import Integer, Param, Trainer
from vertex_flow.report.columns import SECTIONS
from vertex_flow.report.comparison import Row
from vertex_flow.stages import HyperTune, ImportDataset


def row(found: Any, section: str, name: str) -> Row:
    return next(one for one in found.section(section) if one.name == name)


def test_every_row_has_a_section_that_is_known() -> None:
    found = comparison(side(*scored(loss=1)), side(*scored(loss=2)))
    assert {one.section for one in found.rows} <= set(SECTIONS)


def test_defaults_are_parameters_too() -> None:
    plan = compiled(Source(size=Param("size", 3)))
    found = comparison(side(spec=plan), side(spec=plan, values={"size": 5}))
    assert row(found, "parameters", "size").values == (3, 5)


def test_a_default_that_is_set_to_itself_is_the_same() -> None:
    plan = compiled(Source(size=Param("size", 3)))
    assert comparison(side(spec=plan), side(spec=plan, values={"size": 3})).same


def test_source_code_as_a_diff() -> None:
    other = edited(spec(), "file.write(str(rate))", "pass")
    found = row(comparison(side(), side(spec=other)), "code", "fit source")
    assert found.lines[-2:] == ("-        file.write(str(rate))", "+        pass")
    assert found.stage == "fit"


def test_an_image() -> None:
    other = edited(spec(), "python:3.11", "python:3.12")
    found = row(comparison(side(), side(spec=other)), "code", "fit image")
    assert found.values == ("python:3.11", "python:3.12")


def test_training_code_is_code() -> None:
    plan = compiled(Source(size=Param("training_image", 1)))
    values = [{"training_image": f"file:///code@sha256:{digit * 64}"} for digit in "ab"]
    found = comparison(*(side(spec=plan, values=one) for one in values))
    assert [one.section for one in found.differences] == ["code"]


def test_a_constant_of_a_stage() -> None:
    found = comparison(side(spec=compiled(Source())), side(spec=compiled(Source(size=5))))
    assert [(one.section, one.name, one.values) for one in found.differences] == [
        ("settings", "source.size", (3, 5))
    ]


def test_a_constant_that_became_a_parameter() -> None:
    old, new = compiled(Source()), compiled(Source(size=Param("size", 3)))
    found = comparison(side(spec=old), side(spec=new))
    assert row(found, "settings", "source.size").values == (3, "from parameter size")


def test_another_wire() -> None:
    one, other = Source(name="one"), Source(name="other")
    plans = [compiled(one, other, Fit(data=which.data)) for which in (one, other)]
    found = comparison(*(side(spec=plan) for plan in plans))
    assert row(found, "settings", "fit.data").values == ("from one.data", "from other.data")


def test_the_cache() -> None:
    found = comparison(side(spec=compiled(Source())), side(spec=compiled(Source(cache=False))))
    assert row(found, "settings", "source cache").values == ("on", "off")


def test_a_condition() -> None:
    found = comparison(side(), side())
    assert row(found, "settings", "spend condition").values[0] == "score-passed == true"


def test_a_stage_that_is_new_is_one_difference() -> None:
    found = comparison(side(spec=compiled(Source())), side(spec=compiled(Source(), Fit())))
    assert [(one.section, one.name, one.values) for one in found.differences] == [
        ("stages", "fit", (None, "left out"))
    ]


@pytest.mark.parametrize(
    ("metric", "best"),
    [("accuracy", 1), ("val_accuracy", 1), ("loss", 0), ("rmse", 0), ("count", None)],
)
def test_which_metric_is_better(metric: str, best: int | None) -> None:
    found = comparison(side(*scored(**{metric: 0.5})), side(*scored(**{metric: 0.75})))
    one = row(found, "metrics", f"fit.{metric}")
    assert (one.best, one.change) == (best, 0.25)


@pytest.mark.parametrize(("goal", "best"), [("maximize", 1), ("minimize", 0)])
def test_a_search_says_which_way_its_metric_is_better(goal: Any, best: int) -> None:
    data, trainer = ImportDataset("gs://b/x"), Trainer(module="trainer.task")
    search = HyperTune(
        trainer, {"n": Integer(1, 9)}, metric="reward", goal=goal, train_data=data.dataset
    )
    plan = compiled(data, search, Fit(data=data.dataset))
    found = comparison(*(side(*scored(reward=value), spec=plan) for value in (1, 2)))
    assert row(found, "metrics", "fit.reward").best == best


def test_a_metric_that_a_run_lacks() -> None:
    one = row(comparison(side(*scored(loss=1)), side(*scored())), "metrics", "fit.loss")
    assert (one.values, one.change, one.best, one.same) == ((1, None), None, None, False)


def test_metrics_that_are_no_numbers_to_compare() -> None:
    found = comparison(side(*scored(loss=math.nan)), side(*scored(loss=math.nan)))
    assert row(found, "metrics", "fit.loss").same


def test_how_long_it_took_is_no_difference() -> None:
    slow = scored(loss=1)
    slow[0]["endTime"] = "2025-01-02T05:00:00Z"
    found = comparison(side(*scored(loss=1)), side(*slow))
    assert found.same
    assert row(found, "durations", "fit").values == (2.5, 6955.0)


def test_a_model_version() -> None:
    found = comparison(
        side(model={"name": "m", "version": "1"}), side(model={"name": "m", "version": "2"})
    )
    assert [(one.name, one.values) for one in found.differences] == [("version", ("1", "2"))]


def test_an_environment() -> None:
    found = comparison(side(), side(spec={**spec(), "sdkVersion": "kfp-2.9.0"}))
    assert row(found, "environment", "SDK").values == (spec()["sdkVersion"], "kfp-2.9.0")


def test_a_truth_value_is_no_number() -> None:
    plan = compiled(Source(size=Param("size", 3)))
    found = comparison(*(side(spec=plan, values={"size": one}) for one in (True, 1)))
    assert not row(found, "parameters", "size").same


def test_pipelines_that_hold_something_else() -> None:
    odd = {"root": {"dag": {"tasks": {"a": 3, "b": {"inputs": []}}}}, "components": []}
    assert not comparison(side(spec=odd), side()).same


def test_a_comparison_is_plain_data() -> None:
    found = comparison(side(*scored(loss=1)), side(*scored(loss=2)))
    plain = json.loads(json.dumps(found.as_json()))
    assert (plain["same"], [one["name"] for one in plain["rows"]]) == (False, ["fit.loss"])
    assert len(found.as_json(everything=True)["rows"]) == len(found.rows)
