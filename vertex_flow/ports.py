"""What connects stages: inputs, outputs, parameters, and the conditions built from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload

import attrs

from vertex_flow.errors import SettingError, nearest
from vertex_flow.names import check_parameter_name

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SCALARS: tuple[type, ...] = (str, int, float, bool)
PARAMETER_TYPES: tuple[type, ...] = (*SCALARS, list, dict)


@attrs.frozen
class Condition:
    """A comparison that is made while the pipeline runs, for `When`.

    Built by comparing a port or a parameter: `score.accuracy >= 0.9`.

    Attributes:
        left: The port or parameter that is compared.
        operator: One of `==`, `!=`, `<`, `<=`, `>`, `>=`.
        right: A constant, port or parameter.
    """

    left: Port[Any] | Param[Any]
    operator: str
    right: Any

    def __bool__(self) -> bool:
        raise _undecidable(self)

    def __str__(self) -> str:
        if self.operator == "==" and self.right is True:
            return str(self.left)
        right = self.right if isinstance(self.right, (Port, Param)) else repr(self.right)
        return f"{self.left} {self.operator} {right}"


class Comparable:
    """Comparison operators that build a `Condition`."""

    __slots__ = ()

    def __bool__(self) -> bool:
        raise _undecidable(self)

    def __lt__(self, other: Any) -> Condition:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Condition:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Condition:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Condition:
        return self._compare(">=", other)

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Comparable):
            return self._facts() == other._facts()
        return self._compare("==", other)

    def __ne__(self, other: object) -> Any:
        if isinstance(other, Comparable):
            return self._facts() != other._facts()
        return self._compare("!=", other)

    def __hash__(self) -> int:
        return hash(str(self._facts()))

    def _facts(self) -> tuple[Any, ...]:
        """What makes two of these the same."""
        raise NotImplementedError

    def _compare(self, operator: str, other: Any) -> Condition:
        assert isinstance(self, (Port, Param))  # noqa: S101 - the only two subclasses
        if self.type not in SCALARS:
            raise SettingError(
                f"{self} is {article(self.type)}, and only a str, int, float or bool can be "
                "compared in a condition. Let the stage put out the value that decides."
            )
        if not isinstance(other, (*SCALARS, Port, Param)):
            raise SettingError(
                f"{self} {operator} {other!r}: compare with a str, int, float or bool, "
                "a port or a Param."
            )
        condition = Condition(self, operator, other)
        _check_sides(condition, self.type, _type_of(other))
        _check_constant(condition)
        return condition


def _undecidable(what: Condition | Comparable) -> SettingError:
    return SettingError(
        f"the value of `{what}` is only known while the pipeline runs, so Python cannot "
        "decide on it with if, and, or, not. Use When(condition, [stages]); for `and`, put "
        "one When inside the other."
    )


def _type_of(side: Any) -> type:
    kind: type = side.type if isinstance(side, (Port, Param)) else type(side)
    return kind


def _check_sides(condition: Condition, left: type, right: type) -> None:
    if left is not right and not {left, right} <= {int, float}:
        raise SettingError(
            f"`{condition}` compares {article(left)} with {article(right)}, which never holds. "
            "Compare values of one type."
        )
    if left is bool and condition.operator not in ("==", "!="):
        raise SettingError(f"`{condition}`: a bool has no order. Compare with == or !=.")


def _check_constant(condition: Condition) -> None:
    constant = condition.right
    if isinstance(constant, float) and not math.isfinite(constant):
        raise SettingError(f"`{condition}`: compare with a finite number.")
    # KFP writes the text into the compiled condition without escapes.
    if isinstance(constant, str) and set("'\\\n\r") & set(constant):
        raise SettingError(
            f"`{condition}`: a text in a condition cannot hold a single quote, a backslash or "
            "a line break."
        )


@attrs.frozen(order=False)
class In(Generic[T_co]):
    """An input of a stage.

    Left alone, it is filled by name and type from the nearest earlier stage; a port passed to
    the constructor overrides that.

    Attributes:
        optional: Whether the stage also works when nothing fills the input.

    Example:
        ```python
        model: In[Model] = In()
        best_parameters: In[dict] = In(optional=True)
        ```
    """

    optional: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen(eq=False, order=False)
class Port(Comparable, In[T_co]):
    """One output of one stage, to be passed to a later stage or compared in a condition.

    It points to the stage's name, not to the object, so that `Flow.replace` keeps every wire.

    Attributes:
        stage: The stage's name.
        name: The output's name.
        type: A KFP artifact class, or one of str, int, float, bool, list, dict.
    """

    stage: str
    name: str
    type: type[T_co]

    def _facts(self) -> tuple[Any, ...]:
        return ("port", self.stage, self.name)

    def __str__(self) -> str:
        return f"{self.stage}.{self.name}"


@attrs.frozen(eq=False, order=False)
class Param(Comparable, Generic[T]):
    """A parameter of the compiled pipeline, in place of a constant setting.

    It can be changed at every run without compiling again: `flow.run(params={"epochs": 10})`.

    Attributes:
        name: Lower-case letters, digits and underscores, a letter first.
        default: Value of a run that does not set it; its type is the parameter's type.

    Example:
        ```python
        Train(trainer, args={"epochs": Param("epochs", 5)})
        ```
    """

    name: str
    default: T

    def __attrs_post_init__(self) -> None:
        check_parameter_name(self.name)
        if self.type not in PARAMETER_TYPES:
            raise SettingError(
                f"Param({self.name!r}, {self.default!r}): the default must be a str, int, "
                f"float, bool, list or dict, not {article(self.type)}."
            )
        if isinstance(self.default, float) and not math.isfinite(self.default):
            raise SettingError(
                f"Param({self.name!r}, {self.default!r}): a pipeline parameter must be finite."
            )

    @property
    def type(self) -> type[T]:
        """Type of the parameter: that of its default."""
        return type(self.default)

    def _facts(self) -> tuple[Any, ...]:
        return ("param", self.name, self.type, self.default)

    def __str__(self) -> str:
        return f"Param({self.name!r})"


Value: TypeAlias = T | Port[T] | Param[T]
"""A setting that may be a constant, an upstream port or a pipeline parameter."""


class Named(Protocol):
    """What has outputs: a stage."""

    @property
    def name(self) -> str:
        """The stage's name."""
        ...


class Out(Generic[T]):
    """Declares an output of a stage class.

    On the class it is the declaration, on an instance it is the `Port` to pass on.

    Args:
        kind: A KFP artifact class, or one of str, int, float, bool, list, dict.

    Example:
        ```python
        model = Out(Model)
        ratio = Out(float)
        ```
    """

    name: str

    def __init__(self, kind: type[T]) -> None:
        if not is_port_type(kind):
            raise SettingError(
                f"Out({kind!r}): an output is a KFP artifact class such as Model or Dataset, "
                "or one of str, int, float, bool, list, dict."
            )
        self.type = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Out[T]: ...
    @overload
    def __get__(self, instance: Named, owner: type) -> Port[T]: ...
    def __get__(self, instance: Named | None, owner: type) -> Out[T] | Port[T]:
        if instance is None:
            return self
        return Port(stage=instance.name, name=self.name, type=self.type)

    def __repr__(self) -> str:
        return f"Out({self.type.__name__})"


def is_artifact(kind: type) -> bool:
    """Tell whether a type is a KFP artifact class, without importing kfp."""
    return isinstance(kind, type) and hasattr(kind, "schema_title")


def is_port_type(kind: Any) -> bool:
    """Tell whether a port can be of this type."""
    return kind in PARAMETER_TYPES or (isinstance(kind, type) and is_artifact(kind))


def fits(offered: type, wanted: type) -> bool:
    """Tell whether an output of one type can fill an input of another.

    An artifact fits its own class and the classes it derives from. An int does not fit a
    float: KFP keeps the two apart.
    """
    if is_artifact(wanted):
        return is_artifact(offered) and issubclass(offered, wanted)
    return offered is wanted


def is_constant_of(value: Any, wanted: type) -> bool:
    """Tell whether a constant can be the value of a setting or parameter; an int may be a float's.

    `nan` and infinite numbers have no place in a pipeline.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return type(value) is wanted or (type(value) is int and wanted is float)


def article(kind: type) -> str:
    """Word a type for an error: `a Model`, `an int`."""
    name = kind.__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def copied(setting: Any) -> Any:
    """Copy the lists and dicts of a setting, so that a later change of theirs does not reach it."""
    if isinstance(setting, dict):
        return {key: copied(value) for key, value in setting.items()}
    return [copied(value) for value in setting] if isinstance(setting, list) else setting


def copying(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Have the fields of an attrs class that convert nothing copy what they are given."""
    return [field if field.converter else field.evolve(converter=copied) for field in fields]


def value_of(setting: Any, params: Mapping[str, Any]) -> Any:
    """Give the value that a setting has in a run, as far as it is known before.

    Args:
        setting: A constant, a port or a parameter.
        params: Values of parameters, by name; the others have their defaults.

    Returns:
        The value; None for a port, which only the running pipeline knows.
    """
    if isinstance(setting, Param):
        return params.get(setting.name, setting.default)
    return None if isinstance(setting, Port) else setting


def check_param(flow: str, params: Mapping[str, Param[Any]], name: str, value: Any) -> None:
    """Refuse a value for a pipeline parameter that is unknown, or of another type.

    Args:
        flow: Name of the flow, for the error.
        params: Its parameters by name.
        name: Name of the parameter.
        value: Its value in a run.

    Raises:
        SettingError: There is no such parameter, or it does not take the value.
    """
    if name not in params:
        known = list(params)
        raise SettingError(
            f"flow {flow!r} has no parameter {name!r}; it has "
            f"{', '.join(known) or 'none'}.{nearest(name, known)}"
        )
    wanted = params[name].type
    if is_constant_of(value, wanted):
        return
    if isinstance(value, float) and wanted is float:
        raise SettingError(f"parameter {name!r} needs a finite number, and {value!r} is none.")
    raise SettingError(
        f"parameter {name!r} needs {article(wanted)}, and {value!r} is {article(type(value))}."
    )


def check_params(flow: str, params: Mapping[str, Param[Any]], values: Any) -> None:
    """Refuse values for pipeline parameters of which one is unknown, or of another type."""
    if not isinstance(values, Mapping):
        raise SettingError(
            f"params={values!r}: expected values by the names of parameters, for example "
            "{'epochs': 3}."
        )
    for name, value in values.items():
        check_param(flow, params, name, value)


def references(setting: Any) -> Iterator[Port[Any] | Param[Any]]:
    """Find the ports and parameters inside a setting, in order, however deeply nested."""
    if isinstance(setting, (Port, Param)):
        yield setting
    elif isinstance(setting, Mapping):
        for value in setting.values():
            yield from references(value)
    elif isinstance(setting, (list, tuple)):
        for value in setting:
            yield from references(value)
    elif attrs.has(type(setting)) and not isinstance(setting, In):
        for field in attrs.fields(type(setting)):
            yield from references(getattr(setting, field.name))
