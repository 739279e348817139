"""The contract of a stage: one step of a flow."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, Union, get_args, get_origin

import attrs
from typing_extensions import Self, dataclass_transform

from vertex_flow.errors import SettingError, nearest
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.names import check_stage_name, stage_name
from vertex_flow.ports import In, Out, Param, Port, copying, is_port_type, references

S = TypeVar("S")
Outputs = Mapping[str, Any]

_RECORD, _UNIT = "␞", "␟"

# Names that a field or output of a stage cannot have: `io.values` would not be the setting.
_TAKEN_BY_INPUTS = ("flow", "marked", "resolve", "values")
_TAKEN_BY_STAGE = ("changed", "emit", "machines", "ports", "settings")


def as_texts(values: Sequence[str]) -> tuple[str, ...]:
    """Freeze a sequence of texts; one text alone is refused, for it is a sequence of letters."""
    if isinstance(values, str):
        raise SettingError(f"{values!r} stands alone where a list is expected: [{values!r}].")
    return tuple(values)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field,))
def _frozen(cls: type[S]) -> type[S]:
    # Not attrs.frozen itself: type checkers would not count these fields among a subclass's.
    # auto_attribs=True: otherwise one field without an annotation loses all the others.
    return attrs.frozen(kw_only=True, eq=False, auto_attribs=True, field_transformer=copying)(cls)


def _default_name(stage: Stage) -> str:
    return stage_name(type(stage).__name__)


def _check_name(_: Stage, __: attrs.Attribute[str], name: str) -> None:
    check_stage_name(name)


@_frozen
class Stage:
    """One step of a flow: settings, typed ports, and the KFP tasks that do its work.

    This docstring is the source of truth for what a stage is. Subclass it, put `@stage` on the
    class, and give it

    * **inputs**: annotated `In[Type]`, with `In()` or `In(optional=True)` as the default;
    * **outputs**: `name = Out(Type)`, without an annotation;
    * **settings**: annotated fields; `Value[float]` for one that may also be a port or a `Param`;
    * **emit**: creates KFP tasks and returns a channel for each output;
    * **machines**, where it starts jobs or deploys models: what they run on, for the checks
      before a run and for its price.

    A type is a KFP artifact class (`Dataset`, `Model`, …) or one of str, int, float, bool,
    list, dict. A stage knows nothing of projects, buckets or other stages. Instances never
    change: `stage.changed(name="other")` makes another one.

    Attributes:
        name: Name of the stage in its flow and of its task in the compiled pipeline; by default
            the class's name in lower case with hyphens.
        after: Names of stages that must have ended before this one starts, for an order that no
            wire expresses.
        cache: Whether a run may reuse an earlier result with the same code and inputs.

    Example:
        ```python
        @stage
        class Scale(Stage):
            data: In[Dataset] = In()
            scaled = Out(Dataset)
            factor: Value[float] = 1.0

            def emit(self, io: Inputs) -> Outputs:
                task = scale_op(data=io.data, factor=io.factor)
                return {"scaled": task.outputs["scaled"]}
        ```
    """

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[Any]

    inputs_declared: ClassVar[Mapping[str, type]] = {}
    values_declared: ClassVar[Mapping[str, type]] = {}
    constants_declared: ClassVar[Mapping[str, Any]] = {}

    name: str = attrs.field(
        default=attrs.Factory(_default_name, takes_self=True), validator=_check_name
    )
    after: Sequence[str] = attrs.field(default=(), converter=as_texts)
    cache: bool = True

    def __new__(cls, *_: Any, **__: Any) -> Stage:
        """Refuse a subclass without `@stage`: its fields would be lost in silence."""
        if "__attrs_attrs__" not in cls.__dict__:
            raise SettingError(
                f"class {cls.__name__} lacks its decorator, so its fields and ports would be "
                f"lost. Write @stage above `class {cls.__name__}(...)`."
            )
        return super().__new__(cls)

    def emit(self, io: Inputs) -> Outputs:
        """Create this stage's KFP tasks.

        Called inside a KFP pipeline function, once a compilation.

        Args:
            io: What the inputs and settings are here: KFP channels or constants.

        Returns:
            A KFP channel (`task.outputs["…"]`, `task.output`) for each output's name.
        """
        raise NotImplementedError(f"{type(self).__name__} has no emit method")

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        """Say what machines this stage asks for, besides those that its KFP tasks run on.

        None by default. A stage that starts a job or deploys a model overrides it.

        Args:
            known: Gives the value that a setting has in a run: a constant as it is, a
                parameter's value, None for a port; see `MachineNeed.of`.

        Returns:
            One for each kind of machine.
        """
        return ()

    def changed(self, **settings: Any) -> Self:
        """Make a stage that is like this one but for some settings.

        Args:
            settings: Fields by name, `name` included.
        """
        return attrs.evolve(self, **settings)  # type: ignore[misc]  # not an attrs class to mypy

    @property
    def ports(self) -> Mapping[str, Port[Any]]:
        """What this stage offers to later ones, by name."""
        cls = type(self)
        names = [name for name, value in inspect.getmembers(cls) if isinstance(value, Out)]
        declared = [base.__dict__ for base in reversed(cls.__mro__)]
        order = [name for names_ in declared for name in names_ if name in names]
        return {name: getattr(self, name) for name in dict.fromkeys(order)}

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that are not inputs, by name."""
        fields = attrs.fields(type(self))
        skip = {"name", "after", "cache", *self.inputs_declared}
        return {f.name: getattr(self, f.name) for f in fields if f.name not in skip}


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field,))
def stage(cls: type[S]) -> type[S]:
    """Make a subclass of `Stage` a stage: a frozen attrs class with keyword arguments.

    Args:
        cls: The class; see `Stage` for what belongs into it.

    Raises:
        SettingError: The class is no `Stage`, or an annotation cannot be read or makes no sense.
    """
    if not issubclass(cls, Stage):
        raise SettingError(f"@stage is for subclasses of Stage: class {cls.__name__}(Stage).")
    caller = inspect.currentframe()
    frame = caller.f_back if caller else None
    hints = _own_annotations(cls, dict(frame.f_locals) if frame else {})
    _reject_taken_names(cls, hints)
    _reject_bare_out(cls, hints)
    made = _as_attrs(cls)
    fields = attrs.fields_dict(made)
    _check_inputs(made, hints)
    made.inputs_declared = {
        **_inherited(cls, "inputs_declared", hints),
        **{
            name: _input_type(made, name, hint)
            for name, hint in hints.items()
            if _origin(hint) is In
        },
    }
    made.values_declared = {
        **_inherited(cls, "values_declared", hints),
        **{name: kind for name, hint in hints.items() if (kind := _value_type(hint)) is not None},
    }
    made.constants_declared = {
        **_inherited(cls, "constants_declared", hints),
        **{name: hint for name, hint in hints.items() if name in fields and _is_constant(hint)},
    }
    return typing.cast("type[S]", made)


def _as_attrs(cls: type[Stage]) -> type[Stage]:
    try:
        return _frozen(cls)
    except attrs.exceptions.UnannotatedAttributeError as error:
        raise SettingError(
            f"class {cls.__name__}: a setting needs an annotation. Write "
            f"`name: Type = attrs.field(...)`. {error}"
        ) from error


def _own_annotations(cls: type, scope: dict[str, Any]) -> dict[str, Any]:
    """Read the class's own annotations, where it stands.

    Those of its bases were read where those stand: a name may mean something else here.
    """
    try:
        own = {"__annotations__": inspect.get_annotations(cls), "__module__": cls.__module__}
        holder = type(cls.__name__, (), own)
        return typing.get_type_hints(holder, localns={**scope, cls.__name__: cls})
    except NameError as error:
        raise SettingError(
            f"an annotation of {cls.__name__} cannot be read at run time: {error}. "
            "Import what it names outside of `if TYPE_CHECKING:`."
        ) from error


def _inherited(cls: type, table: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """What the bases declare and the class does not declare anew."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__bases__):
        found.update(getattr(base, table, {}))
    return {name: declared for name, declared in found.items() if name not in own}


def _origin(hint: Any) -> Any:
    return get_origin(hint) or hint


def _check_inputs(cls: type[Stage], hints: Mapping[str, Any]) -> None:
    """Refuse an input that is half declared: without its annotation, or without its default."""
    for name, value in vars(cls).items():
        if isinstance(value, In) and name not in hints:
            raise SettingError(
                f"{cls.__name__}.{name}: an input needs its type. Write `{name}: In[Type] = In()`."
            )
    fields = attrs.fields_dict(cls)
    for name, hint in hints.items():
        if name not in fields or (_origin(hint) is In) == isinstance(fields[name].default, In):
            continue
        raise SettingError(
            f"{cls.__name__}.{name}: an input is annotated In[...] and has In() or "
            f"In(optional=True) as its default. Write `{name}: In[Type] = In()`."
        )


def _input_type(cls: type, name: str, hint: Any) -> type:
    arguments = get_args(hint)
    kind = _origin(arguments[0]) if arguments else None
    if not is_port_type(kind):
        raise SettingError(
            f"{cls.__name__}.{name}: In[...] takes a KFP artifact class such as Model or "
            "Dataset, or one of str, int, float, bool, list, dict."
        )
    return typing.cast(type, kind)


def _reject_taken_names(cls: type[Stage], hints: Mapping[str, Any]) -> None:
    outputs = [name for name, value in vars(cls).items() if isinstance(value, Out)]
    reserved = [f.name for f in attrs.fields(Stage)]
    taken = [
        *[name for name in hints if name in (*_TAKEN_BY_INPUTS, *_TAKEN_BY_STAGE)],
        *[name for name in outputs if name in (*_TAKEN_BY_STAGE, *reserved)],
    ]
    if taken:
        raise SettingError(
            f"{cls.__name__}.{taken[0]}: the name is taken by Stage or by what emit is given. "
            "Choose another one."
        )


def _reject_bare_out(cls: type, hints: Mapping[str, Any]) -> None:
    for name, hint in hints.items():
        if _origin(hint) in (Out, Port):
            raise SettingError(
                f"{cls.__name__}.{name}: an output has no annotation. Write `{name} = Out(Type)`."
            )


def _value_type(hint: Any) -> type | None:
    """Type inside `Value[...]`, or None when a setting is anything else."""
    if get_origin(hint) not in (Union, UnionType):
        return None
    choices = get_args(hint)
    if not any(_origin(choice) is Port for choice in choices):
        return None
    kinds = [_origin(c) for c in choices if _origin(c) not in (Port, Param, type(None))]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], type) else None


def _is_constant(hint: Any) -> bool:
    """Whether a setting of this type has no place for a port or a `Param`, at any depth."""
    origin, arguments = _origin(hint), get_args(hint)
    if origin in (Any, object, Port, Param, In) or attrs.has(origin):
        return False
    if origin in (Mapping, Sequence, dict, list, tuple) and not arguments:
        return False
    return all(_is_constant(argument) for argument in arguments)


class Inputs:
    """What a stage's inputs and settings are inside the pipeline function.

    Each field of the stage is an attribute: an input is a KFP channel, or None when it is
    optional and nothing fills it; a setting is its constant, or a KFP channel where the user
    gave a port or a `Param`, at any depth of lists and mappings.

    Attributes:
        flow: Name of the flow.
    """

    def __init__(
        self,
        stage: Stage,
        flow: str,
        inputs: Mapping[str, Any],
        channels: Mapping[Port[Any] | Param[Any], tuple[str, Any]],
    ) -> None:
        self.flow = flow
        self._stage = stage
        self._inputs = inputs
        self._channels = channels

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._stage.inputs_declared:
            return self._inputs.get(name)
        if name not in attrs.fields_dict(type(self._stage)):
            known = list(attrs.fields_dict(type(self._stage)))
            raise AttributeError(
                f"{type(self._stage).__name__} has no input or setting {name!r}."
                + nearest(name, known)
            )
        value = self.resolve(getattr(self._stage, name))
        if type(value) is int and self._stage.values_declared.get(name) is float:
            return float(value)  # KFP takes no int for a float
        return value

    def resolve(self, setting: Any) -> Any:
        """Replace every port and parameter inside a setting by its KFP channel."""
        return _replace(setting, lambda source: self._channels[source][1])

    def marked(self, setting: Any) -> Any:
        """Replace every port and parameter inside a setting by a marker, `{"$value": name}`.

        Vertex AI fills channels in at the top level of a task's arguments, not inside nested
        lists and mappings. A component that takes such a structure therefore takes the marked
        one, and the values beside it as one text: see `values`.
        """
        return _replace(setting, lambda source: {"$value": self._channels[source][0]})

    def values(self, *settings: Any) -> str:
        """The run-time values inside settings, as the text that goes with `marked`.

        Returns:
            Records joined by `␞`, each `name␟type␟value`; empty when all is constant.
        """
        sources = dict.fromkeys(source for setting in settings for source in references(setting))
        records = []
        for source in sources:
            name, channel = self._channels[source]
            records.append(_UNIT.join([name, source.type.__name__, str(channel)]))
        return _RECORD.join(records)


def _replace(setting: Any, change: Callable[[Port[Any] | Param[Any]], Any]) -> Any:
    if isinstance(setting, (Port, Param)):
        return change(setting)
    if isinstance(setting, Mapping):
        return {key: _replace(value, change) for key, value in setting.items()}
    if isinstance(setting, (list, tuple)):
        return [_replace(value, change) for value in setting]
    return setting
