"""What a hyperparameter may be: the search space of a tuning job."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from vertex_flow.errors import SettingError, nearest

Scale = Literal["linear", "log", "reverse_log"]

# Numbers of StudySpec.ParameterSpec.ScaleType: the wire form that the tuning component sends.
_SCALES: Mapping[str, int] = {"linear": 1, "log": 2, "reverse_log": 3}


def _check_scale(instance: Any, _: Any, scale: str) -> None:
    if scale not in _SCALES:
        raise SettingError(
            f"{type(instance).__name__}: unknown scale {scale!r}; use one of "
            f"{', '.join(map(repr, _SCALES))}.{nearest(str(scale), list(_SCALES))}"
        )


def _check_range(kind: str, low: float, high: float, scale: str) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SettingError(f"{kind}({low!r}, {high!r}): both ends must be finite numbers.")
    if low > high:
        raise SettingError(f"{kind}({low!r}, {high!r}): min must not be above max. Swap them.")
    if scale != "linear" and low <= 0:
        raise SettingError(
            f"{kind}({low!r}, {high!r}, scale={scale!r}): a {scale} scale needs min > 0. "
            "Raise min, or use scale='linear'."
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@attrs.frozen
class Parameter:
    """What one hyperparameter may be: a `Double`, `Integer`, `Discrete` or `Categorical`."""

    def spec(self, name: str) -> dict[str, Any]:
        """The `StudySpec.ParameterSpec` of this parameter, as the tuning component takes it."""
        raise NotImplementedError


@attrs.frozen
class Double(Parameter):
    """A real number between two bounds.

    Attributes:
        min: Lower bound, included.
        max: Upper bound, included.
        scale: `linear`, `log` or `reverse_log`; the latter two need `min` above 0.

    Raises:
        SettingError: A bound is not a finite number, min is above max, or the scale is unknown
            or touches 0.

    Example:
        ```python
        Double(1e-4, 1e-2, scale="log")
        ```
    """

    min: float
    max: float
    scale: Scale = attrs.field(default="linear", kw_only=True, validator=_check_scale)

    def __attrs_post_init__(self) -> None:
        if not (_is_number(self.min) and _is_number(self.max)):
            raise SettingError(f"Double({self.min!r}, {self.max!r}): both ends must be numbers.")
        _check_range("Double", self.min, self.max, self.scale)

    def spec(self, name: str) -> dict[str, Any]:
        """The `StudySpec.ParameterSpec` of this parameter, as the tuning component takes it."""
        bounds = {"min_value": float(self.min), "max_value": float(self.max)}
        return _spec(name, "double_value_spec", bounds, self.scale)


@attrs.frozen
class Integer(Parameter):
    """A whole number between two bounds.

    Attributes:
        min: Lower bound, included.
        max: Upper bound, included.
        scale: `linear`, `log` or `reverse_log`; the latter two need `min` above 0.

    Raises:
        SettingError: A bound is not an int, min is above max, or the scale is unknown or
            touches 0.
    """

    min: int
    max: int
    scale: Scale = attrs.field(default="linear", kw_only=True, validator=_check_scale)

    def __attrs_post_init__(self) -> None:
        if not (type(self.min) is int and type(self.max) is int):
            raise SettingError(
                f"Integer({self.min!r}, {self.max!r}): both ends must be ints. "
                "For real numbers use Double."
            )
        _check_range("Integer", self.min, self.max, self.scale)

    def spec(self, name: str) -> dict[str, Any]:
        """The `StudySpec.ParameterSpec` of this parameter, as the tuning component takes it."""
        # int64 travels as text in JSON.
        bounds = {"min_value": str(self.min), "max_value": str(self.max)}
        return _spec(name, "integer_value_spec", bounds, self.scale)


@attrs.frozen
class Discrete(Parameter):
    """One of a few numbers.

    Vertex AI hands them to the training code as doubles (`--units=64.0`).

    Attributes:
        values: At least one number, none twice; kept in ascending order.
        scale: `linear`, `log` or `reverse_log`; the latter two need all values above 0.

    Raises:
        SettingError: There are no values, one is no number or stands twice, or the scale is
            unknown or touches 0.
    """

    values: Sequence[float]
    scale: Scale = attrs.field(default="linear", kw_only=True, validator=_check_scale)

    def __attrs_post_init__(self) -> None:
        _check_values("Discrete", self.values)
        wrong = [value for value in self.values if not _is_number(value)]
        if wrong:
            raise SettingError(
                f"Discrete({list(self.values)!r}): {wrong[0]!r} is not a number. "
                "For names use Categorical."
            )
        object.__setattr__(self, "values", tuple(sorted(self.values)))
        _check_range("Discrete", self.values[0], self.values[-1], self.scale)

    def spec(self, name: str) -> dict[str, Any]:
        """The `StudySpec.ParameterSpec` of this parameter, as the tuning component takes it."""
        numbers = {"values": [float(value) for value in self.values]}
        return _spec(name, "discrete_value_spec", numbers, self.scale)


@attrs.frozen
class Categorical(Parameter):
    """One of a few names.

    Attributes:
        values: At least one text, none twice.

    Raises:
        SettingError: There are no values, or one is no text or stands twice.
    """

    values: Sequence[str] = attrs.field()

    def __attrs_post_init__(self) -> None:
        _check_values("Categorical", self.values)
        wrong = [value for value in self.values if not isinstance(value, str)]
        if wrong:
            raise SettingError(
                f"Categorical({list(self.values)!r}): {wrong[0]!r} is not a str. "
                "For numbers use Discrete."
            )
        object.__setattr__(self, "values", tuple(self.values))

    def spec(self, name: str) -> dict[str, Any]:
        """The `StudySpec.ParameterSpec` of this parameter, as the tuning component takes it."""
        return _spec(name, "categorical_value_spec", {"values": list(self.values)}, None)


def _check_values(kind: str, values: Any) -> None:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise SettingError(f"{kind}({values!r}): give a list of values.")
    if not values:
        raise SettingError(f"{kind}([]): give at least one value.")
    twice = [value for index, value in enumerate(values) if value in values[:index]]
    if twice:
        raise SettingError(f"{kind}({list(values)!r}): {twice[0]!r} stands twice. Remove one.")


def _spec(name: str, field: str, value: dict[str, Any], scale: str | None) -> dict[str, Any]:
    return {
        "parameter_id": name,
        field: value,
        "scale_type": _SCALES[scale] if scale else 0,
        "conditional_parameter_specs": [],
    }
