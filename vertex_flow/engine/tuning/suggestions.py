"""Suggests the parameters of trials: a grid, or a search by Optuna."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
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

# Each suggestion depends on the seed, the trial's number and the trials before it, so that a study
# gives the same trials again, and goes on after a kill as it would have without one.
SEED = 0
SEED_LABEL = "vertex-flow-seed"
_TRIES = 20
_SCALES = types.StudySpec.ParameterSpec.ScaleType


class Search(Protocol):
    """Suggests points of a search space; this docstring is the source of truth.

    `suggest` gives the parameters of a trial, or None when the space is exhausted; `resume` says
    those that a trial was given before. `tell` is called once for each trial, in any order.
    """

    def suggest(self, trial: int) -> Values | None:
        """Give the parameters of a trial, or None when there are no more.

        Args:
            trial: Number of the trial.
        """

    def resume(self, trial: int, values: Values) -> None:
        """Take note of a trial that an earlier search has suggested.

        Args:
            trial: Number of the trial.
            values: Its parameters.
        """

    def tell(self, trial: int, values: Sequence[float] | None) -> None:
        """Say how a trial went.

        Args:
            trial: Number of the trial.
            values: One value for each metric of the study, or None when it failed.
        """


def search(study: types.StudySpec, max_trials: int, *, seed: int = SEED) -> Search:
    """Give the search that a study asks for.

    Args:
        study: A checked specification.
        max_trials: The most trials there will be.
        seed: Of the random numbers; the same study with the same seed gives the same trials.
    """
    if study.algorithm == types.StudySpec.Algorithm.GRID_SEARCH:
        return GridSearch(study)
    return OptunaSearch(study, max_trials, seed)


class GridSearch:
    """Every point of the space in order, once."""

    def __init__(self, study: types.StudySpec) -> None:
        self._points = points(list(study.parameters))

    def suggest(self, trial: int) -> Values | None:
        """Give the next point."""
        return next(self._points, None)

    def resume(self, trial: int, values: Values) -> None:
        """Pass over a point."""
        next(self._points, None)

    def tell(self, trial: int, values: Sequence[float] | None) -> None:
        """Learn nothing."""


class OptunaSearch:
    """Bayesian or random search by Optuna; of small spaces, no point twice.

    A study whose measurements are said to be noisy may have points twice.
    """

    def __init__(self, study: types.StudySpec, max_trials: int, seed: int) -> None:
        self._specs = list(study.parameters)
        self._repeats = study.observation_noise == types.StudySpec.ObservationNoise.HIGH
        self._left = max_trials if self._repeats else size(self._specs, max_trials)
        self._seen: list[Values] = []
        self._numbers: dict[int, int] = {}
        self._samplers = _samplers(study, max_trials)
        self._seed = seed
        with _quiet():
            self._study = _create(study)
            self._first = dict(_defaults(self._specs))

    def suggest(self, trial: int) -> Values | None:
        """Give a point that has not been tried, or None when all have been."""
        if not self._left:
            return None
        self._left -= 1
        with _quiet():
            if trial == 1 and self._first:
                self._study.enqueue_trial(self._first)
            asked, values = self._new_point(trial)
        self._numbers[trial] = asked.number
        self._seen.append(values)
        return values

    def resume(self, trial: int, values: Values) -> None:
        """Take note of a point that has been tried."""
        import optuna

        self._left -= 1
        self._seen.append(values)
        with _quiet():
            old = optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params=dict(_internals(self._specs, values)),
                distributions=dict(_distributions(self._specs, values)),
            )
            self._numbers[trial] = len(self._study.get_trials(deepcopy=False))
            self._study.add_trial(old)

    def tell(self, trial: int, values: Sequence[float] | None) -> None:
        """Let the search learn from a trial."""
        import optuna

        number = self._numbers.pop(trial)
        with _quiet():
            if values is None:
                self._study.tell(number, state=optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(number, list(values))

    def _new_point(self, trial: int) -> tuple[optuna.Trial, Values]:
        import optuna

        asked, values = self._ask(trial, 0)
        for again in range(1, _TRIES):
            if self._repeats or values not in self._seen:
                return asked, values
            self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
            asked, values = self._ask(trial, again)
        # The sampler insists on points that have been tried.
        if not enumerable(self._specs):
            return asked, values
        unseen = next(point for point in points(self._specs) if point not in self._seen)
        self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
        self._study.enqueue_trial(dict(_internals(self._specs, unseen)))
        return self._ask(trial, _TRIES)

    def _ask(self, trial: int, again: int) -> tuple[optuna.Trial, Values]:
        seed = random.Random(f"{self._seed}/{trial}/{again}").getrandbits(32)  # noqa: S311
        self._study.sampler = self._samplers(seed)
        asked = self._study.ask()
        return asked, _draw_all(asked, self._specs)


def _samplers(
    study: types.StudySpec, max_trials: int
) -> Callable[[int], optuna.samplers.BaseSampler]:
    """Give what makes a study's sampler from a seed."""
    import optuna

    if study.algorithm == types.StudySpec.Algorithm.RANDOM_SEARCH:
        return lambda seed: optuna.samplers.RandomSampler(seed=seed)
    group = any(spec.conditional_parameter_specs for spec in study.parameters)

    def bayesian(seed: int) -> optuna.samplers.BaseSampler:
        with _quiet():
            return optuna.samplers.TPESampler(
                seed=seed,
                multivariate=True,
                group=group,
                constant_liar=True,
                # Optuna's default of ten random trials would leave small studies without search.
                n_startup_trials=max(2, min(10, max_trials // 3)),
            )

    return bayesian


def _create(study: types.StudySpec) -> optuna.Study:
    import optuna

    goals = types.StudySpec.MetricSpec.GoalType
    directions: list[Literal["maximize", "minimize"]] = [
        "minimize" if metric.goal == goals.MINIMIZE else "maximize" for metric in study.metrics
    ]
    return optuna.create_study(directions=directions)


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
    drawn = _suggested(trial, place, _distribution(spec))
    match kind(spec):
        case "double_value_spec":
            return _mirrored(spec, spec.double_value_spec, drawn)
        case "integer_value_spec":
            return int(_mirrored(spec, spec.integer_value_spec, drawn))
        case "discrete_value_spec":
            return float(sorted(spec.discrete_value_spec.values)[drawn])
    return str(drawn)


def _suggested(
    trial: optuna.Trial, place: str, given: optuna.distributions.BaseDistribution
) -> Any:
    from optuna import distributions

    if isinstance(given, distributions.FloatDistribution):
        return trial.suggest_float(place, given.low, given.high, log=given.log)
    if isinstance(given, distributions.IntDistribution):
        return trial.suggest_int(place, given.low, given.high, log=given.log)
    assert isinstance(given, distributions.CategoricalDistribution)  # noqa: S101 - the last kind
    return trial.suggest_categorical(place, given.choices)


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


def _distributions(
    specs: Sequence[Any], values: Values, path: str = ""
) -> Iterator[tuple[str, optuna.distributions.BaseDistribution]]:
    """Give what Optuna has drawn each value of a trial from; see `_draw`."""
    for spec in specs:
        value = values[spec.parameter_id]
        place = f"{path}{spec.parameter_id}"
        yield place, _distribution(spec)
        yield from _distributions(children(spec, value), values, f"{place}={value}/")


def _distribution(spec: Any) -> optuna.distributions.BaseDistribution:
    from optuna import distributions

    log = _logarithmic(spec)
    match kind(spec):
        case "double_value_spec":
            bounds = spec.double_value_spec
            return distributions.FloatDistribution(bounds.min_value, bounds.max_value, log=log)
        case "integer_value_spec":
            bounds = spec.integer_value_spec
            return distributions.IntDistribution(bounds.min_value, bounds.max_value, log=log)
        case "discrete_value_spec":
            return distributions.IntDistribution(0, len(spec.discrete_value_spec.values) - 1)
    return distributions.CategoricalDistribution(list(spec.categorical_value_spec.values))


def _logarithmic(spec: Any) -> bool:
    return spec.scale_type in (_SCALES.UNIT_LOG_SCALE, _SCALES.UNIT_REVERSE_LOG_SCALE)


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
