"""A user's own component or function as the body of a stage."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kfp import dsl

from vertex_flow.errors import SettingError, nearest
from vertex_flow.ports import references

_PYTHON_IMAGE = "python:3.11"  # fixed, so that a flow compiles to the same file with any kfp


def as_component(
    owner: str, component: Any, *, packages: Sequence[str], base_image: str | None
) -> Any:
    """Make a KFP component of what the user gave.

    Args:
        owner: Name of the stage class, for errors.
        component: A component, or a plain annotated function.
        packages: pip requirements of a plain function.
        base_image: Container image of a plain function; Python's own when None.

    Raises:
        SettingError: It is neither, or KFP cannot make a component of the function.
    """
    if hasattr(component, "component_spec"):
        if packages or base_image:
            raise SettingError(
                f"{owner}(component=...): it is a component already, so packages= and "
                "base_image= belong into its own @dsl.component(...)."
            )
        return component
    if not inspect.isfunction(component):
        raise SettingError(
            f"{owner}(component={component!r}): expected a @dsl.component or a plain function "
            "with annotated parameters."
        )
    decorate: Callable[[Any], Any] = dsl.component(
        packages_to_install=list(packages), base_image=base_image or _PYTHON_IMAGE
    )
    try:
        return decorate(component)
    except (TypeError, ValueError, OSError) as error:  # OSError: it has no source file
        raise SettingError(
            f"{owner}(component={component.__name__}): KFP cannot make a component of the "
            f"function: {error}"
        ) from error


def reject_settings(owner: str, **settings: Any) -> None:
    """Refuse settings of a component of one's own where there is none.

    Raises:
        SettingError: One is set, and would be ignored.
    """
    given = [name for name, value in settings.items() if value]
    if given:
        raise SettingError(
            f"{owner}({given[0]}=...): it belongs to a component of your own: "
            f"{owner}(component=..., {given[0]}=...)."
        )


def call(component: Any, given: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """Create the task of a user's component.

    Args:
        component: The KFP component.
        given: What the stage passes to inputs of these names, where the component has them.
        arguments: What the user passes besides.
    """
    inputs = component.component_spec.inputs or {}
    passed = {name: value for name, value in given.items() if name in inputs}
    return component(**{**passed, **arguments})


def check_inputs(
    owner: str, component: Any, given: Mapping[str, Any], arguments: Mapping[str, Any]
) -> None:
    """Refuse arguments that a user's component cannot take.

    Args:
        owner: Name of the stage class, for errors.
        component: The KFP component.
        given: Settings and inputs that the stage passes where the component has inputs of these
            names.
        arguments: What the user passes besides.

    Raises:
        SettingError: An argument has no input, an input has no argument, or a port or parameter
            is deep inside an argument.
    """
    inputs = component.component_spec.inputs or {}
    unknown = [name for name in arguments if name not in inputs]
    if unknown:
        raise SettingError(
            f"{owner}(arguments={{{unknown[0]!r}: ...}}): {component.name} has no such input; "
            f"it has {', '.join(inputs) or 'none'}.{nearest(unknown[0], list(inputs))}"
        )
    passed = {**{name: value for name, value in given.items() if name in inputs}, **arguments}
    for name, value in passed.items():
        if isinstance(value, (Mapping, list, tuple)) and any(True for _ in references(value)):
            raise SettingError(
                f"{owner}(component={component.name}): {name!r} holds a port or a Param inside a "
                "list or mapping, where Vertex AI does not fill it in. Give it to an input of "
                "its own: arguments={'threshold': ...}."
            )
    missing = [name for name, spec in inputs.items() if name not in passed and not spec.optional]
    if missing:
        raise SettingError(
            f"{owner}(component={component.name}): input {missing[0]!r} has no value. The stage "
            f"passes {', '.join(given)}; give others with arguments={{{missing[0]!r}: ...}}."
        )


def check_outputs(owner: str, component: Any, wanted: Mapping[str, type]) -> None:
    """Refuse a component that does not put out what its stage promises.

    Raises:
        SettingError: An output is missing.
    """
    outputs = component.component_spec.outputs or {}
    missing = [name for name in wanted if name not in outputs]
    if missing:
        raise SettingError(
            f"{owner}(component={component.name}): it has no output {missing[0]!r} "
            f"({wanted[missing[0]].__name__}); it has {', '.join(outputs) or 'none'}."
            f"{nearest(missing[0], list(outputs))}"
        )
