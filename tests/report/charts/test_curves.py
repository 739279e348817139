"""Learning curves."""

from __future__ import annotations

import re
from typing import Any

from tests.report.examples import facts
from vertex_flow.report.charts import Panel, learning_curves
from vertex_flow.report.facts import Curve
from vertex_flow.report.rendering import svg


def curve(tag: str = "loss", **more: Any) -> Curve:
    settings = {"stage": "train", "series": "train", "points": ((1, 1.0), (2, 0.5)), **more}
    return Curve(tag=tag, **settings)


def panels(*curves: Curve) -> tuple[Panel, ...]:
    return learning_curves(facts(curves=curves))


def rows(panel: Panel) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = panel.spec["data"]["values"]
    return found


def test_training_and_trials_have_pictures_of_their_own() -> None:
    found = panels(curve(), curve(trial="1"), curve(stage="other"))
    assert [(one.stage, one.of_trials) for one in found] == [
        ("train", False),
        ("train", True),
        ("other", False),
    ]


def test_of_trials_the_validation_is_shown() -> None:
    (found,) = panels(curve(trial="1"), curve(trial="1", series="validation"))
    assert [row["says"] for row in rows(found)] == ["trial 1: validation loss"] * 2


def test_the_best_trial_stands_out() -> None:
    (found,) = learning_curves(
        facts(curves=(curve(stage="tune", trial="2"), curve(stage="tune", trial="3")))
    )
    assert {row["trial"]: row["kind"] for row in rows(found)} == {"2": "best trial", "3": "others"}


def test_what_was_measured_once_is_left_out_beside_curves() -> None:
    (found,) = panels(curve(), curve("final", points=((1, 1.0),)))
    assert {row["tag"] for row in rows(found)} == {"loss"}


def test_no_more_than_eight_panels() -> None:
    (found,) = panels(*[curve(f"tag {at}") for at in range(20)])
    assert len({row["tag"] for row in rows(found)}) == 8


def test_there_is_no_half_step() -> None:
    (found,) = panels(curve(points=((1, 1.0), (2, 10.0))))
    said = re.findall(r">([\d.]+)</text>", svg(found.spec, "curves"))
    assert said[:2] == ["1", "2"]
