"""Charts of searches."""

from __future__ import annotations

from typing import Any

import attrs

from tests.report.examples import HOSTILE, search
from vertex_flow.report.charts import history, importance, parallel
from vertex_flow.report.facts import Search, TrialFacts


def one(number: str, value: float | None = None, **parameters: Any) -> TrialFacts:
    metrics = {} if value is None else {"m": value}
    return TrialFacts(id=number, state="SUCCEEDED", parameters=parameters, metrics=metrics)


def of(*trials: TrialFacts, **more: Any) -> Search:
    return Search(stage="s", metric="m", goal="MAXIMIZE", trials=trials, best="1", **more)


def places(found: Search, layer: int) -> list[tuple[Any, Any]]:
    spec = parallel(found)
    assert spec is not None
    return [(row["axis"], row["y"]) for row in spec["layer"][layer]["data"]["values"]]


def test_lines_run_from_parameter_to_parameter_to_the_metric() -> None:
    found = of(one("1", 1.0, a=1, b="x"), one("2", 3.0, a=5, b="y"), one("3", 2.0, a=3, b="y"))
    assert places(found, 1) == [(0, 1.0), (1, 1.0), (2, 1.0), (0, 0.5), (1, 1.0), (2, 0.5)]
    assert places(found, 2) == [(0, 0.0), (1, 0.0), (2, 0.0)]


def test_a_logarithmic_parameter_has_a_logarithmic_axis() -> None:
    found = of(one("1", 1.0, a=0.01), one("2", 3.0, a=1.0), one("3", 2.0, a=0.1), log_scale=("a",))
    assert [round(y, 6) for at, y in places(found, 1) if at == 0] == [1.0, 0.5]


def test_a_parameter_that_a_trial_lacks_is_passed_over() -> None:
    found = of(one("1", 1.0, a=1, b=1), one("2", 3.0, b=2))
    assert [at for at, _ in places(found, 1)] == [1, 2]


def test_one_trial_is_no_picture() -> None:
    assert parallel(of(one("1", 1.0, a=1), one("2", a=2))) is None


def test_names_are_never_names_of_fields() -> None:
    found = of(one("1", 1.0, **{HOSTILE: 1}), one("2", 2.0, **{HOSTILE: 2}))
    spec = parallel(found)
    assert spec is not None
    assert {key for layer in spec["layer"] for row in layer["data"]["values"] for key in row} == {
        "axis", "best", "label", "metric", "says", "trial", "y",
    }  # fmt: skip


def test_only_trials_that_succeeded_are_the_best() -> None:
    failed = attrs.evolve(one("1", 9.0), state="INFEASIBLE")
    running = attrs.evolve(one("3", 9.0), state="ACTIVE")
    spec = history(of(failed, one("2", 1.0), running, one("4", 2.0)))
    assert spec is not None
    rows = spec["data"]["values"]
    assert [row["value"] for row in rows] == [9.0, 1.0, 9.0, 2.0]
    assert [row["best"] for row in rows] == [None, 1.0, 1.0, 2.0]
    assert rows[0]["says"] == "trial 1: m 9, best so far none"


def test_the_best_so_far_rises() -> None:
    spec = history(of(one("1", 2.0), one("2", 1.0), one("3"), one("4", 3.0)))
    assert spec is not None
    assert [(row["value"], row["best"]) for row in spec["data"]["values"]] == [
        (2.0, 2.0),
        (1.0, 2.0),
        (3.0, 3.0),
    ]


def test_where_less_is_better_the_best_falls() -> None:
    spec = history(attrs.evolve(of(one("1", 2.0), one("2", 1.0)), goal="MINIMIZE"))
    assert spec is not None
    assert [row["best"] for row in spec["data"]["values"]] == [2.0, 1.0]


def test_without_a_measurement_there_is_no_history() -> None:
    assert history(of(one("1"))) is None


def test_importance_is_in_percent() -> None:
    spec = importance(search(8))
    assert spec is not None
    assert [row["label"] for row in spec["data"]["values"]] == ["75%", "25%"]


def test_importance_that_is_not_known_is_no_picture() -> None:
    assert importance(search(2, importance={})) is None
