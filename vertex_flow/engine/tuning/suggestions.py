"""Suggests the parameters of trials: a grid, or a search by Optuna."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.tuning.search_space import (
    Value,
    Values,
    children,
    enumerable,
    kind,
    points,
    size,
)

if TYPE_CHECKING:
    import optuna

# The same search twice gives the same trials, as far as their results come in the same order.
SEED = 0
_TRIES = 20
_SCALES = types.StudySpec.ParameterSpec.ScaleType


class Search(Protocol):
    """Suggests points of a search space; this docstring is the source of truth.

    `suggest` gives the parameters of a trial that has not been suggested before, or None when the
    space is exhausted. `tell` is called once for each, in any order.
    """

    def suggest(self, trial: int) -> Values | None:
        """Give the parameters of a trial, or None when there are no more.

        Args:
            trial: Number of the trial.
        """

    def tell(self, trial: int, values: Sequence[float] | None) -> None:
        """Say how a trial went.

        Args:
            trial: Number of the trial.
            values: One value for each metric of the study, or None when it failed.
        """


def search(study: types.StudySpec, max_trials: int) -> Search:
    """Give the search that a study asks for.

    Args:
        study: A checked specification.
        max_trials: The most trials there will be.
    """
    if study.algorithm == types.StudySpec.Algorithm.GRID_SEARCH:
        return GridSearch(study)
    return OptunaSearch(study, max_trials)


class GridSearch:
    """Every point of the space in order, once."""

    def __init__(self, study: types.StudySpec) -> None:
        self._points = points(list(study.parameters))

    def suggest(self, trial: int) -> Values | None:
        """Give the next point."""
        return next(self._points, None)

    def tell(self, trial: int, values: Sequence[float] | None) -> None:
        """Learn nothing."""


class OptunaSearch:
    """Bayesian or random search by Optuna; of small spaces, no point twice."""

    def __init__(self, study: types.StudySpec, max_trials: int) -> None:
        self._specs = list(study.parameters)
        self._left = size(self._specs, max_trials)
        self._seen: list[Values] = []
        self._trials: dict[int, optuna.Trial] = {}
        with _quiet():
            self._study = _create(study, max_trials)
            defaults = dict(_defaults(self._specs))
            if defaults:
                self._study.enqueue_trial(defaults)

    def suggest(self, trial: int) -> Values | None:
        """Give a point that has not been tried, or None when all have been."""
        if not self._left:
            return None
        self._left -= 1
        with _quiet():
            asked, values = self._new_point()
        self._trials[trial] = asked
        self._seen.append(values)
        return values

    def tell(self, trial: int, values: Sequence[float] | None) -> None:
        """Let the search learn from a trial."""
        import optuna

        asked = self._trials.pop(trial)
        with _quiet():
            if values is None:
                self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(asked, list(values))

    def _new_point(self) -> tuple[optuna.Trial, Values]:
        import optuna

        asked, values = self._ask()
        for _ in range(_TRIES):
            if values not in self._seen:
                return asked, values
            self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
            asked, values = self._ask()
        # The sampler insists on points that have been tried.
        if not enumerable(self._specs):
            return asked, values
        unseen = next(point for point in points(self._specs) if point not in self._seen)
        self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
        self._study.enqueue_trial(dict(_internals(self._specs, unseen)))
        return self._ask()

    def _ask(self) -> tuple[optuna.Trial, Values]:
        asked = self._study.ask()
        return asked, _draw_all(asked, self._specs)


def _create(study: types.StudySpec, max_trials: int) -> optuna.Study:
    import optuna

    goals = types.StudySpec.MetricSpec.GoalType
    directions: list[Literal["maximize", "minimize"]] = [
        "maximize" if metric.goal == goals.MAXIMIZE else "minimize" for metric in study.metrics
    ]
    if study.algorithm == types.StudySpec.Algorithm.RANDOM_SEARCH:
        sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler(seed=SEED)
    else:
        # Optuna's default of ten random trials would leave small studies without any search.
        sampler = optuna.samplers.TPESampler(
            seed=SEED,
            multivariate=True,
            group=any(spec.conditional_parameter_specs for spec in study.parameters),
            constant_liar=True,
            n_startup_trials=max(2, min(10, max_trials // 3)),
        )
    return optuna.create_study(sampler=sampler, directions=directions)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's log lines, and its warnings of experimental arguments, out of the program."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def _draw_all(trial: optuna.Trial, specs: Sequence[Any], path: str = "") -> Values:
    """Draw a value for each active parameter; Optuna knows each by its place in the space."""
    values: Values = {}
    for spec in specs:
        place = f"{path}{spec.parameter_id}"
        value = _draw(trial, spec, place)
        values[spec.parameter_id] = value
        values |= _draw_all(trial, children(spec, value), f"{place}={value}/")
    return values


def _draw(trial: optuna.Trial, spec: Any, place: str) -> Value:
    log = spec.scale_type in (_SCALES.UNIT_LOG_SCALE, _SCALES.UNIT_REVERSE_LOG_SCALE)
    match kind(spec):
        case "double_value_spec":
            bounds = spec.double_value_spec
            drawn = trial.suggest_float(place, bounds.min_value, bounds.max_value, log=log)
            return _mirrored(spec, bounds, drawn)
        case "integer_value_spec":
            bounds = spec.integer_value_spec
            whole = trial.suggest_int(place, bounds.min_value, bounds.max_value, log=log)
            return int(_mirrored(spec, bounds, whole))
        case "discrete_value_spec":
            numbers = sorted(spec.discrete_value_spec.values)
            return float(numbers[trial.suggest_int(place, 0, len(numbers) - 1)])
    return str(trial.suggest_categorical(place, list(spec.categorical_value_spec.values)))


def _mirrored(spec: Any, bounds: Any, value: float) -> float:
    """Turn a logarithmic scale round, so that it is finest near the upper end."""
    if spec.scale_type != _SCALES.UNIT_REVERSE_LOG_SCALE:
        return value
    low, high = float(bounds.min_value), float(bounds.max_value)
    return min(max(low + high - value, low), high)


def _internals(specs: Sequence[Any], values: Values, path: str = "") -> Iterator[tuple[str, Value]]:
    """Give what Optuna has to draw so that a trial has some values; see `_draw`."""
    for spec in specs:
        if spec.parameter_id not in values:
            continue
        value = values[spec.parameter_id]
        place = f"{path}{spec.parameter_id}"
        yield place, _internal(spec, value)
        yield from _internals(children(spec, value), values, f"{place}={value}/")


def _internal(spec: Any, value: Value) -> Value:
    match kind(spec):
        case "double_value_spec":
            return _mirrored(spec, spec.double_value_spec, float(value))
        case "integer_value_spec":
            return int(_mirrored(spec, spec.integer_value_spec, int(value)))
        case "discrete_value_spec":
            return sorted(spec.discrete_value_spec.values).index(value)
    return value


def _defaults(specs: Sequence[Any]) -> Iterator[tuple[str, Value]]:
    """Give the default values, with which the first trial starts."""
    found: Values = {}
    for spec in specs:
        field = getattr(spec, kind(spec) or "")
        if "default_value" in field:
            found[spec.parameter_id] = field.default_value
    return _internals(specs, found)
