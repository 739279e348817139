"""What Vertex AI refuses in the specification of a tuning job."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.tuning.search_space import choices, condition_values, enumerable, kind
from vertex_flow.engine.tuning.suggestions import SEED_LABEL
from vertex_flow.errors import nearest

_SCALES = types.StudySpec.ParameterSpec.ScaleType
_LOGARITHMIC = (_SCALES.UNIT_LOG_SCALE, _SCALES.UNIT_REVERSE_LOG_SCALE)
_RULES = (
    "median_automated_stopping_spec",
    "decay_curve_stopping_spec",
    "convex_automated_stopping_spec",
)
_COUNTS = ("min_num_trials", "max_num_trials", "max_num_trials_no_progress")
_CONDITIONS = {
    "discrete_value_spec": "parent_discrete_values",
    "integer_value_spec": "parent_int_values",
    "categorical_value_spec": "parent_categorical_values",
}


def check_tuning(job: types.HyperparameterTuningJob) -> None:
    """Refuse a tuning job that cannot be run.

    Raises:
        ApiError: INVALID_ARGUMENT that names the field.
    """
    _check_counts(job)
    _check_seed(job.labels.get(SEED_LABEL, "0"))
    study = job.study_spec
    _check_metrics(study.metrics)
    _check_stopping(study)
    if not study.parameters:
        raise invalid("study_spec.parameters must not be empty: there is nothing to tune.")
    _check_parameters(study.parameters, "study_spec.parameters", frozenset())
    if study.algorithm == types.StudySpec.Algorithm.GRID_SEARCH and not enumerable(
        study.parameters
    ):
        raise invalid(
            "study_spec.algorithm GRID_SEARCH needs parameters with finitely many values, and "
            f"{_endless(study.parameters)!r} is a DOUBLE. Give it DISCRETE values, or choose "
            "another algorithm."
        )


def _check_counts(job: types.HyperparameterTuningJob) -> None:
    for field in ("max_trial_count", "parallel_trial_count"):
        if getattr(job, field) < 1:
            raise invalid(f"{field} must be at least 1, not {getattr(job, field)}.")
    if job.parallel_trial_count > job.max_trial_count:
        raise invalid(
            f"parallel_trial_count ({job.parallel_trial_count}) must not be above "
            f"max_trial_count ({job.max_trial_count})."
        )
    if job.max_failed_trial_count < 0:
        raise invalid(f"max_failed_trial_count must not be negative: {job.max_failed_trial_count}.")


def _check_metrics(metrics: Iterable[Any]) -> None:
    names = [metric.metric_id for metric in metrics]
    if not names:
        raise invalid("study_spec.metrics must not be empty: name the metric to optimise.")
    _check_names(names, "study_spec.metrics", "metric_id")
    for metric in metrics:
        if metric.goal not in list(types.StudySpec.MetricSpec.GoalType):
            raise invalid(
                f"study_spec.metrics: the goal of {metric.metric_id!r} must be MAXIMIZE or "
                "MINIMIZE."
            )


def _check_seed(text: str) -> None:
    if not text.isdecimal():
        raise invalid(f"labels: {SEED_LABEL!r} is the seed of the search, a number, not {text!r}.")


def _check_stopping(study: types.StudySpec) -> None:
    """Refuse rules that have no meaning for the study."""
    for name in _RULES:
        if name in study and len(study.metrics) > 1:
            raise invalid(
                f"study_spec.{name} is for studies of one metric, and study_spec.metrics has "
                f"{len(study.metrics)}."
            )
    config = study.study_stopping_config
    for name in ("max_num_trials_no_progress", "max_duration_no_progress"):
        if name in config and len(study.metrics) > 1:
            raise invalid(
                f"study_spec.study_stopping_config.{name} is for studies of one metric, and "
                f"study_spec.metrics has {len(study.metrics)}."
            )
    for name in _COUNTS:
        if name in config and getattr(config, name) < 0:
            raise invalid(
                f"study_spec.study_stopping_config.{name} must not be negative: "
                f"{getattr(config, name)}."
            )
    for name in ("min_measurement_count", "max_step_count", "min_step_count"):
        value = getattr(study.convex_automated_stopping_spec, name)
        if value < 0:
            raise invalid(
                f"study_spec.convex_automated_stopping_spec.{name} must not be negative: {value}."
            )


def _check_names(names: list[str], field: str, attribute: str) -> None:
    if not all(names):
        raise invalid(f"{field}: every entry needs a {attribute}.")
    for name in names:
        if any(char.isspace() for char in name):
            raise invalid(f"{field}: {attribute} {name!r} must not contain white space.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise invalid(f"{field}: {attribute} {twice[0]!r} is used twice.")


def _check_parameters(specs: Iterable[Any], field: str, above: frozenset[str]) -> None:
    specs = list(specs)
    names = [spec.parameter_id for spec in specs]
    _check_names(names, field, "parameter_id")
    for spec in specs:
        name = spec.parameter_id
        if name in above:
            raise invalid(f"{field}: parameter_id {name!r} is used twice.")
        _check_parameter(spec, f"parameter {name!r}")
        _check_overlaps(spec)
        for condition in spec.conditional_parameter_specs:
            _check_condition(spec, condition)
            _check_parameters([condition.parameter_spec], field, above | set(names))


def _check_overlaps(spec: Any) -> None:
    """Refuse two conditional parameters of one name that could be active together."""
    taken: dict[str, list[Any]] = {}
    for condition in spec.conditional_parameter_specs:
        name = condition.parameter_spec.parameter_id
        values = condition_values(condition)
        both = [value for value in values if value in taken.setdefault(name, [])]
        if both:
            raise invalid(
                f"parameter {name!r}: two of its conditions on {spec.parameter_id!r} hold for "
                f"{both[0]!r}."
            )
        taken[name] += values


def _check_parameter(spec: Any, where: str) -> None:
    if spec.scale_type not in list(_SCALES):
        names = ", ".join(scale.name for scale in _SCALES if scale)
        raise invalid(f"{where}: unknown scale_type {int(spec.scale_type)}; use one of {names}.")
    match kind(spec):
        case "double_value_spec":
            _check_range(spec, spec.double_value_spec, where)
        case "integer_value_spec":
            _check_range(spec, spec.integer_value_spec, where)
        case "discrete_value_spec" | "categorical_value_spec":
            _check_choices(spec, where)
        case None:
            raise invalid(
                f"{where} has no values: set one of double_value_spec, integer_value_spec, "
                "discrete_value_spec, categorical_value_spec."
            )


def _check_range(spec: Any, bounds: Any, where: str) -> None:
    low, high = bounds.min_value, bounds.max_value
    if not (math.isfinite(low) and math.isfinite(high)):
        raise invalid(f"{where}: min_value and max_value must be finite, not {low} and {high}.")
    if low > high:
        raise invalid(f"{where}: min_value ({low}) must not be above max_value ({high}).")
    _check_logarithm(spec, low, where)


def _check_choices(spec: Any, where: str) -> None:
    values = list(choices(spec) or ())
    if not values:
        raise invalid(f"{where}: values must not be empty.")
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise invalid(f"{where}: the value {twice[0]!r} is there twice.")
    if "discrete_value_spec" in spec:
        low = min(float(value) for value in values)
        if not all(math.isfinite(float(value)) for value in values):
            raise invalid(f"{where}: all values must be finite numbers.")
        _check_logarithm(spec, low, where)


def _check_logarithm(spec: Any, low: float, where: str) -> None:
    if spec.scale_type in _LOGARITHMIC and low <= 0:
        raise invalid(
            f"{where}: {_SCALES(spec.scale_type).name} needs values above 0, and the smallest is "
            f"{low}."
        )


def _check_condition(spec: Any, condition: Any) -> None:
    where = f"parameter {condition.parameter_spec.parameter_id!r}"
    wanted = _CONDITIONS.get(kind(spec) or "")
    if wanted is None:
        raise invalid(
            f"{where} depends on {spec.parameter_id!r}, which is a DOUBLE: only INTEGER, DISCRETE "
            "and CATEGORICAL parameters can have conditional ones."
        )
    if wanted not in condition:
        raise invalid(f"{where}: its condition on {spec.parameter_id!r} must be {wanted}.")
    offered = choices(spec) or ()
    for value in condition_values(condition):
        if value not in offered:
            raise invalid(
                f"{where}: {spec.parameter_id!r} never is {value!r}."
                f"{nearest(str(value), [str(other) for other in offered][:100])}"
            )


def _endless(specs: Iterable[Any]) -> str:
    """Name a parameter with infinitely many values, however deep it is."""
    for spec in specs:
        if choices(spec) is None:
            return str(spec.parameter_id)
        below = _endless(condition.parameter_spec for condition in spec.conditional_parameter_specs)
        if below:
            return below
    return ""
