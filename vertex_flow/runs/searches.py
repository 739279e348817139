"""Hyperparameter searches of a run: trials, the best one, and what each parameter matters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from vertex_flow.report.facts import Search, TrialFacts
from vertex_flow.report.structs import state_name

_ENOUGH = 3  # trials a parameter, from which on their importance says something
_MOST = 500  # trials that are looked at for it
_BETTER = 1 / 3  # share of the trials that PED-ANOVA takes for good ones


def search_of(stage: str, job: Any) -> Search | None:
    """Read the search of a tuning job; None for a job that optimises nothing.

    Args:
        stage: Name of the stage.
        job: A `HyperparameterTuningJob` message.
    """
    study = job.study_spec
    if not study.metrics:
        return None
    metric = study.metrics[0].metric_id
    goal = "MINIMIZE" if study.metrics[0].goal.name == "MINIMIZE" else "MAXIMIZE"
    specs = list(_specs(study.parameters))
    whole = {one.parameter_id for one in specs if _is_whole(one)}
    trials = tuple(_trial(one, whole) for one in sorted(job.trials, key=_number))
    log = [one.parameter_id for one in specs if "LOG" in one.scale_type.name]
    return Search(
        stage=stage,
        metric=metric,
        goal=goal,
        trials=trials,
        planned=int(job.max_trial_count),
        log_scale=tuple(dict.fromkeys(log)),
        best=best_of(trials, metric, goal),
        importance=importance(trials, metric, goal, log),
    )


def best_of(trials: Sequence[TrialFacts], metric: str, goal: str) -> str | None:
    """Give the id of the best of the trials that succeeded, the earliest of equals.

    Args:
        trials: The trials.
        metric: Name of the metric.
        goal: `MAXIMIZE` or `MINIMIZE`.
    """
    sign = -1 if goal == "MINIMIZE" else 1
    done = [one for one in trials if one.state == "SUCCEEDED" and metric in one.metrics]
    return max(done, key=lambda one: sign * one.metrics[metric]).id if done else None


def importance(
    trials: Sequence[TrialFacts], metric: str, goal: str, log_scale: Sequence[str] = ()
) -> dict[str, float]:
    """Say how much each parameter matters for the metric, by Optuna.

    Where scikit-learn is installed by fANOVA, which says more of few trials; else by PED-ANOVA.

    Args:
        trials: The trials.
        metric: Name of the metric.
        goal: `MAXIMIZE` or `MINIMIZE`.
        log_scale: Parameters that are searched on a logarithmic scale.

    Returns:
        A share for each parameter, the largest first; together 1. Empty where there are fewer
        than three trials a parameter, or where they say nothing.
    """
    done = [one for one in trials if one.state == "SUCCEEDED" and metric in one.metrics][:_MOST]
    names = _varied(done)
    if len(names) < 2 or len(done) < _ENOUGH * len(names):
        return {}
    try:
        shares = _evaluated(done, names, metric, goal, log_scale)
    except Exception:  # values that no distribution takes: there is no picture of them
        return {}
    total = sum(shares.values())
    if not math.isfinite(total) or total <= 0:
        return {}
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return {name: share / total for name, share in ordered}


def _evaluated(
    trials: Sequence[TrialFacts],
    names: Sequence[str],
    metric: str,
    goal: str,
    log_scale: Sequence[str],
) -> dict[str, float]:
    """Ask Optuna, so that the same trials give the same shares."""
    import optuna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = _study(goal)
        space = {name: _distribution(trials, name, name in log_scale) for name in names}
        for one in trials:
            given = {name: _internal(one.parameters[name]) for name in names}
            study.add_trial(
                optuna.trial.create_trial(
                    params=given, distributions=space, value=one.metrics[metric]
                )
            )
        return dict(_evaluator().evaluate(study, list(names)))


def _evaluator() -> Any:
    from optuna import importance

    if find_spec("sklearn") is not None:
        return importance.FanovaImportanceEvaluator(seed=0)
    return importance.PedAnovaImportanceEvaluator(target_quantile=_BETTER)


def _study(goal: str) -> Any:
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return optuna.create_study(direction="minimize" if goal == "MINIMIZE" else "maximize")
    finally:
        optuna.logging.set_verbosity(verbosity)


def _distribution(trials: Sequence[TrialFacts], name: str, log: bool) -> Any:
    """What a parameter was drawn from, as far as its values say."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    values = [_internal(one.parameters[name]) for one in trials]
    if any(isinstance(value, str) for value in values):
        return CategoricalDistribution(sorted(set(map(str, values))))
    return FloatDistribution(min(values), max(values), log=log and min(values) > 0)


def _internal(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


def _varied(trials: Sequence[TrialFacts]) -> list[str]:
    """The parameters that every trial has, with more than one value."""
    if not trials:
        return []
    shared = [
        name for name in trials[0].parameters if all(name in one.parameters for one in trials)
    ]
    return [name for name in shared if len({str(one.parameters[name]) for one in trials}) > 1]


def _specs(parameters: Any) -> Iterator[Any]:
    """The parameters of a study, the conditional included."""
    for one in parameters:
        yield one
        yield from _specs(child.parameter_spec for child in one.conditional_parameter_specs)


def _is_whole(spec: Any) -> bool:
    discrete = list(spec.discrete_value_spec.values)
    return "integer_value_spec" in spec or (
        bool(discrete) and all(float(value).is_integer() for value in discrete)
    )


def _number(trial: Any) -> tuple[int, str]:
    return (int(trial.id), "") if trial.id.isdecimal() else (0, trial.id)


def _trial(trial: Any, whole: set[str]) -> TrialFacts:
    measured = trial.final_measurement.metrics or (
        trial.measurements[-1].metrics if trial.measurements else ()
    )
    return TrialFacts(
        id=trial.id,
        state=state_name(trial.state),
        start=trial.start_time or None,
        end=trial.end_time or None,
        parameters={one.parameter_id: _value(one, whole) for one in trial.parameters},
        metrics={one.metric_id: one.value for one in measured if math.isfinite(one.value)},
        reason=trial.infeasible_reason,
    )


def _value(parameter: Any, whole: set[str]) -> Any:
    value = parameter.value
    if isinstance(value, float) and parameter.parameter_id in whole and value.is_integer():
        return int(value)
    return value if isinstance(value, (str, float, int)) else str(value)


def seconds(trials: Sequence[TrialFacts], until: Any) -> float:
    """How long trials ran, all together, in seconds; those that still run, until now."""
    spans = [((one.end or until) - one.start).total_seconds() for one in trials if one.start]
    return sum(max(0.0, one) for one in spans)
