"""Find good hyperparameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from vertex_flow import Discrete, Double, Integer, Param, Port, Trainer
from vertex_flow.errors import SettingError
from vertex_flow.ports import value_of
from vertex_flow.stages import HyperTune

SPACE = {"units": Integer(1, 9)}


def tune(**settings: Any) -> HyperTune:
    space = settings.pop("space", SPACE)
    trainer = Trainer(module="trainer.task", args=settings.pop("trainer_args", {}))
    return HyperTune(trainer, space, metric="accuracy", **settings)


def message(**settings: Any) -> str:
    with pytest.raises(SettingError) as caught:
        tune(**settings)
    return str(caught.value)


def test_the_compiled_stage(check_pipeline: Callable[[Any], None]) -> None:
    space = {"rate": Double(1e-4, 1e-2, scale="log"), "units": Discrete([64, 128])}
    check_pipeline(tune(space=space, max_trials=Param("trials", 4), args={"epochs": 2}))


def test_fewer_trials_than_at_a_time() -> None:
    assert message(max_trials=2, parallel_trials=3) == (
        "HyperTune(max_trials=2, parallel_trials=3): more trials at a time than trials in all. "
        "Use parallel_trials=2 or raise max_trials."
    )


@pytest.mark.parametrize("setting", ["max_trials", "parallel_trials"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_counts_are_whole_and_at_least_1(setting: str, value: Any) -> None:
    assert message(**{setting: value}) == (
        f"HyperTune({setting}={value!r}): expected a whole number of at least 1."
    )


def test_counts_may_be_parameters() -> None:
    assert tune(max_trials=Param("trials", 1)).max_trials == Param("trials", 1)


@pytest.mark.parametrize(
    ("setting", "value", "choices", "hint"),
    [
        ("goal", "maximise", "'maximize', 'minimize'", " Did you mean 'maximize'?"),
        ("algorithm", "bayes", "'bayesian', 'grid', 'random'", " Did you mean 'bayesian'?"),
        ("measurement", "first", "'best', 'last'", ""),
    ],
)
def test_an_unknown_choice(setting: str, value: str, choices: str, hint: str) -> None:
    assert message(**{setting: value}) == (
        f"HyperTune({setting}={value!r}): use one of {choices}.{hint}"
    )


@pytest.mark.parametrize("space", [{}, [], None])
def test_an_empty_space(space: Any) -> None:
    assert message(space=space).startswith("HyperTune: give the search space, at least one")


def test_a_space_of_something_else() -> None:
    assert message(space={"rate": (0.1, 0.2)}) == (
        "HyperTune: the search space of 'rate' is (0.1, 0.2); expected Double(...), "
        "Integer(...), Discrete([...]) or Categorical([...])."
    )


def test_a_flag_with_dashes_in_the_space() -> None:
    assert message(space={"--rate": Double(0, 1)}) == (
        "HyperTune(space={'--rate': ...}): write 'rate', without dashes."
    )


def test_a_grid_of_a_double() -> None:
    assert message(space={"rate": Double(0, 1)}, algorithm="grid") == (
        "HyperTune(algorithm='grid'): 'rate' is a Double, which has no grid. Use "
        "Discrete([...]) or Integer(...), or another algorithm."
    )


@pytest.mark.parametrize("settings", [{"args": {"units": 1}}, {"trainer_args": {"units": 1}}])
def test_a_parameter_that_is_also_an_argument(settings: Any) -> None:
    assert message(**settings) == (
        "HyperTune: 'units' is in the search space and in args. Remove one: a trial would get "
        "the flag twice."
    )


def test_a_trainer_that_is_none() -> None:
    with pytest.raises(SettingError) as caught:
        HyperTune("trainer.task", SPACE, metric="accuracy")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "HyperTune('trainer.task', ...): expected a Trainer: "
        "HyperTune(Trainer(module='trainer.task'), ...)."
    )


def test_a_space_does_not_change_with_the_dict_it_came_from() -> None:
    space = dict(SPACE)
    stage = HyperTune(Trainer(module="trainer.task"), space, metric="accuracy")
    space.clear()
    assert stage.space == SPACE


def test_its_machines_are_those_of_the_trials_at_the_same_time() -> None:
    trainer = Trainer(module="trainer.task", replicas=2)
    tune = HyperTune(trainer, SPACE, metric="m", max_trials=Param("trials", 6), parallel_trials=3)
    (need,) = tune.machines(partial(value_of, params={"trials": 12}))
    assert (need.purpose, need.replicas, need.rounds) == ("training", 6, 4.0)


def test_trials_that_only_the_pipeline_knows() -> None:
    trainer = Trainer(module="trainer.task")
    trials = Port("before", "count", int)
    (need,) = HyperTune(trainer, SPACE, metric="m", max_trials=trials).machines(
        partial(value_of, params={})
    )
    assert (need.unknown, need.rounds) == (("max_trials",), 0.5)
