from __future__ import annotations

import logging
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.tuning.search_space import as_argument, as_values, points, size
from vertex_flow.engine.tuning.suggestions import search

DOUBLE = {"parameter_id": "x", "double_value_spec": {"min_value": 1e-4, "max_value": 1.0}}
INTEGER = {"parameter_id": "n", "integer_value_spec": {"min_value": 1, "max_value": 100}}
DISCRETE = {"parameter_id": "d", "discrete_value_spec": {"values": [32, 8, 16]}}
CATEGORICAL = {"parameter_id": "c", "categorical_value_spec": {"values": ["a", "b"]}}


def study(*parameters: Any, algorithm: int = 0, goals: tuple[int, ...] = (1,)) -> types.StudySpec:
    metrics = [{"metric_id": f"m{n}", "goal": goal} for n, goal in enumerate(goals)]
    return types.StudySpec(parameters=parameters, metrics=metrics, algorithm=algorithm)


def run(spec: types.StudySpec, count: int, score: Any = lambda values: 0.0) -> list[dict[str, Any]]:
    found, chosen = [], search(spec, count)
    for trial in range(1, count + 1):
        values = chosen.suggest(trial)
        if values is None:
            break
        found.append(values)
        result = score(values)
        chosen.tell(trial, None if result is None else [result])
    return found


@pytest.mark.parametrize("algorithm", [0, 3])
def test_values_are_in_the_space_and_of_its_types(algorithm):
    for values in run(study(DOUBLE, INTEGER, DISCRETE, CATEGORICAL, algorithm=algorithm), 12):
        assert 1e-4 <= values["x"] <= 1
        assert 1 <= values["n"] <= 100
        assert type(values["n"]) is int
        assert values["d"] in (8.0, 16.0, 32.0)
        assert values["c"] in ("a", "b")


def test_same_search_same_suggestions():
    assert run(study(DOUBLE, CATEGORICAL), 6) == run(study(DOUBLE, CATEGORICAL), 6)


def test_search_moves_towards_the_best():
    found = run(study(DOUBLE), 30, lambda values: -abs(values["x"] - 0.3))
    late = [abs(values["x"] - 0.3) for values in found[-10:]]
    assert sorted(late)[5] < 0.2  # 0.25 by chance


def test_minimising():
    found = run(study(DOUBLE, goals=(2,)), 30, lambda values: values["x"])
    assert sorted(values["x"] for values in found[-10:])[5] < 0.2


def test_failed_trials_are_no_obstacle():
    assert len(run(study(DOUBLE), 8, lambda values: None)) == 8


def test_several_goals():
    chosen = search(study(DOUBLE, goals=(1, 2)), 3)
    for trial in (1, 2, 3):
        assert chosen.suggest(trial)
        chosen.tell(trial, [0.5, 2.0])


def test_parallel_trials_can_end_in_any_order():
    chosen = search(study(DOUBLE), 4)
    first, second = chosen.suggest(1), chosen.suggest(2)
    chosen.tell(2, [0.1])
    chosen.tell(1, [0.2])
    assert first != second
    assert chosen.suggest(3)


def scaled(scale: int) -> list[float]:
    found = run(study({**DOUBLE, "scale_type": scale}, algorithm=3), 40)
    return sorted(values["x"] for values in found)


def test_scales():
    linear, log, reverse = (scaled(scale)[20] for scale in (1, 2, 3))
    assert log < 0.1 < linear < 0.9 < reverse


def test_default_values_come_first():
    spec = {**DOUBLE, "double_value_spec": {**DOUBLE["double_value_spec"], "default_value": 0.25}}
    discrete = {**DISCRETE, "discrete_value_spec": {"values": [8, 16], "default_value": 16}}
    assert run(study(spec, discrete), 1) == [{"x": 0.25, "d": 16.0}]


def test_default_value_on_a_reverse_scale():
    spec = {
        "parameter_id": "x",
        "double_value_spec": {"min_value": 1, "max_value": 9, "default_value": 8},
        "scale_type": 3,
    }
    assert run(study(spec), 1) == [{"x": 8.0}]


CONDITIONAL = {
    **CATEGORICAL,
    "conditional_parameter_specs": [
        {"parent_categorical_values": {"values": ["b"]}, "parameter_spec": DISCRETE}
    ],
}


class TestConditions:
    @pytest.mark.parametrize("algorithm", [0, 3])
    def test_only_active_parameters_are_suggested(self, algorithm):
        spec = {
            **CONDITIONAL,
            "conditional_parameter_specs": [
                {"parent_categorical_values": {"values": ["b"]}, "parameter_spec": DOUBLE}
            ],
        }
        found = run(study(spec, algorithm=algorithm), 12, lambda values: values.get("x", 0))
        assert all(("x" in values) == (values["c"] == "b") for values in found)
        assert {values["c"] for values in found} == {"a", "b"}

    def test_grid(self):
        assert run(study(CONDITIONAL, algorithm=2), 9) == [
            {"c": "a"},
            {"c": "b", "d": 8.0},
            {"c": "b", "d": 16.0},
            {"c": "b", "d": 32.0},
        ]

    def test_exhausted(self):
        found = run(study(CONDITIONAL), 9)
        assert len(found) == 4
        assert all(found.count(values) == 1 for values in found)


def test_no_duplicates_when_the_sampler_insists():
    small = {"parameter_id": "n", "integer_value_spec": {"min_value": 1, "max_value": 12}}
    found = run(study(small), 12, lambda values: -abs(values["n"] - 3))
    assert sorted(values["n"] for values in found) == list(range(1, 13))


def test_optuna_keeps_quiet(caplog, capfd):
    with caplog.at_level(logging.INFO):
        run(study(DOUBLE), 3)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_size_is_counted_up_to_a_limit():
    specs = [types.StudySpec.ParameterSpec(INTEGER), types.StudySpec.ParameterSpec(DISCRETE)]
    assert (size(specs, 1000), size(specs, 7)) == (300, 7)
    assert size([types.StudySpec.ParameterSpec(DOUBLE)], 5) == 5


def test_points_of_an_empty_space():
    assert list(points([])) == [{}]


@pytest.mark.parametrize(
    ("value", "text"),
    [(64.0, "64"), (3, "3"), (0.001, "0.001"), (1e-05, "1e-05"), ("adam", "adam"), (-2.0, "-2")],
)
def test_as_argument(value, text):
    assert as_argument(value) == text


REVERSE = {**INTEGER, "parameter_id": "r", "scale_type": 3}
LOG = {**DOUBLE, "parameter_id": "l", "scale_type": 2}


class TestResume:
    """A search that takes up the trials of another one goes on as that one would have."""

    def score(self, values: dict[str, Any]) -> float | None:
        return None if values["n"] < 20 else values["x"] + values["l"]

    @pytest.mark.parametrize("algorithm", [0, 3])
    @pytest.mark.parametrize("after", [1, 5, 9])
    def test_same_suggestions(self, algorithm, after):
        made = study(DOUBLE, INTEGER, CONDITIONAL, REVERSE, LOG, algorithm=algorithm)
        whole = run(made, 12, self.score)
        second = search(made, 12)
        for trial, values in enumerate(whole[:after], 1):
            second.resume(trial, values)
            result = self.score(values)
            second.tell(trial, None if result is None else [result])
        assert second.suggest(after + 1) == whole[after]

    def test_with_trials_under_way(self):
        made = study(DOUBLE, CATEGORICAL)
        first, second = search(made, 9), search(made, 9)
        values = [first.suggest(trial) for trial in range(1, 6)]
        for trial, one in enumerate(values, 1):
            second.resume(trial, one)
        for chosen in (first, second):
            chosen.tell(2, [0.5])
        assert second.suggest(6) == first.suggest(6)

    def test_small_spaces_are_exhausted_all_the_same(self):
        chosen = search(study(CATEGORICAL), 9)
        chosen.resume(1, {"c": "a"})
        chosen.tell(1, [0.0])
        assert chosen.suggest(2) == {"c": "b"}
        assert chosen.suggest(3) is None

    def test_several_goals(self):
        chosen = search(study(DOUBLE, goals=(1, 2)), 3)
        chosen.resume(1, {"x": 0.5})
        chosen.tell(1, [0.1, 0.2])
        assert chosen.suggest(2)

    def test_types_are_those_of_the_space(self):
        space = [types.StudySpec.ParameterSpec(spec) for spec in (INTEGER, CONDITIONAL, DOUBLE)]
        found = as_values(space, {"n": 3.0, "c": "b", "d": 8.0, "x": 0.5})
        assert found == {"n": 3, "c": "b", "d": 8.0, "x": 0.5}
        assert type(found["n"]) is int


def test_seeds_give_different_trials():
    made = study(DOUBLE)
    assert search(made, 3, seed=1).suggest(1) != search(made, 3, seed=2).suggest(1)


def test_noisy_measurements_may_be_taken_again():
    noisy = types.StudySpec(study(CATEGORICAL), observation_noise=2)
    assert len(run(noisy, 5)) == 5


def test_pareto_search_moves_towards_the_front():
    """Of x and 1 - x both are best in the middle of a parabola; far outside neither is."""
    wide = {"parameter_id": "x", "double_value_spec": {"min_value": -10, "max_value": 10}}
    chosen = search(study(wide, goals=(2, 2)), 40)
    late = []
    for trial in range(1, 41):
        x = chosen.suggest(trial)["x"]
        chosen.tell(trial, [x**2, (x - 1) ** 2])
        late.append(abs(x - 0.5))
    assert sorted(late[-15:])[7] < 2.5  # 5 by chance
