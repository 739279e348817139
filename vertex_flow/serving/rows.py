"""The row format of a prediction request: JSON instances in, tensors out, and back.

The rules are those of TensorFlow Serving's REST API. Every refusal says which instance is wrong,
what came and what the model takes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

STRING = "string"
DEEPEST = 32  # numpy holds no more than 64 dimensions; no signature comes near

Array = npt.NDArray[Any]


class InputError(ValueError):
    """A prediction request that the model cannot take; the client gets the text with a 400."""


@attrs.frozen(kw_only=True)
class Input:
    """One input tensor of a model.

    Attributes:
        name: Its name in the serving signature.
        dtype: A numpy type name such as `float32`, or `string`.
        shape: Sizes with the batch first, None where any size fits; None for any shape at all.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None

    @property
    def instance_shape(self) -> tuple[int | None, ...] | None:
        """Shape of one instance: without the batch."""
        return self.shape[1:] if self.shape is not None else None

    def wants(self) -> str:
        """Say in words what one instance has to be."""
        shape = self.instance_shape
        if shape is None:
            return f"{self.dtype} of any shape"
        if not shape:
            return f"a single {self.dtype}"
        return f"{self.dtype} of shape {_shape_text(shape)}"


def read_instances(body: Any) -> list[Any]:
    """Take the instances out of a request's body.

    Args:
        body: The parsed JSON of the request.

    Returns:
        The instances, at least one.

    Raises:
        InputError: The body has another form.
    """
    if not isinstance(body, dict):
        raise InputError(f'the body has to be {{"instances": [...]}}, not {_kind(body)}.')
    if "instances" not in body:
        keys = ", ".join(repr(key) for key in sorted(body)[:5])
        raise InputError(f"the body has no 'instances'; it holds {keys or 'nothing'}.")
    instances = body["instances"]
    if not isinstance(instances, list):
        raise InputError(f"'instances' has to be a list, not {_kind(instances)}.")
    if not instances:
        raise InputError("'instances' is empty: send at least one instance.")
    return instances


def read_tensors(instances: Sequence[Any], inputs: Sequence[Input]) -> dict[str, Array]:
    """Turn instances into one tensor an input.

    Args:
        instances: What the client sent, at least one. With one input an instance is the value
            itself or `{name: value}`; with several it is an object with every input's name.
        inputs: The inputs of the model.

    Returns:
        By input name, an array with the instances along its first dimension.

    Raises:
        InputError: An instance does not fit.
    """
    if len(inputs) == 1:
        only = inputs[0]
        values = [_only_value(item, only, where) for where, item in enumerate(instances)]
        return {only.name: read_tensor(values, only)}
    for where, item in enumerate(instances):
        _check_names(item, inputs, where)
    return {
        each.name: read_tensor([item[each.name] for item in instances], each) for each in inputs
    }


def read_tensor(values: Sequence[Any], spec: Input) -> Array:
    """Turn one value an instance into a tensor.

    Args:
        values: Nested lists of numbers, booleans or strings, one an instance.
        spec: The input that they are for.

    Returns:
        An array of the input's type (of bytes objects for strings).

    Raises:
        InputError: The values are ragged, or of another shape or type.
    """
    if spec.dtype == STRING:
        values = [_to_bytes(value, f"instance {where}") for where, value in enumerate(values)]
    shapes = None
    try:
        found = np.asarray(values, dtype=object if spec.dtype == STRING else None)
    except ValueError:  # ragged: numpy does not say where
        shapes = [nested_shape(value, f"instance {where}") for where, value in enumerate(values)]
        raise InputError(_uneven(shapes, spec)) from None
    _check_shape(found, values, spec)
    if spec.dtype == STRING:
        return found
    return _to_dtype(found, values, spec)


def nested_shape(value: Any, where: str, depth: int = 0) -> tuple[int, ...]:
    """Measure nested lists.

    Args:
        value: A number, or lists of lists of them.
        where: What the error calls the value, for example `instance 3`.
        depth: How deep the value already is.

    Returns:
        The sizes from outside in; empty for anything that is no list.

    Raises:
        InputError: The lists are ragged, or nested too deep.
    """
    if not isinstance(value, list):
        return ()
    if depth >= DEEPEST:
        raise InputError(f"{where} is nested more than {DEEPEST} lists deep.")
    inner = list(dict.fromkeys(nested_shape(item, where, depth + 1) for item in value))
    if len(inner) > 1:
        raise InputError(
            f"{where} is ragged: at one level it has parts of shape {_shape_text(inner[0])} "
            f"and of shape {_shape_text(inner[1])}."
        )
    return (len(value), *(inner[0] if inner else ()))


def write_rows(outputs: Mapping[str, Array], count: int) -> list[Any]:
    """Turn output tensors into one prediction an instance.

    Args:
        outputs: By output name, arrays with the instances along the first dimension.
        count: Number of instances in the request.

    Returns:
        With one output its values, with several one object an instance.

    Raises:
        RuntimeError: An output has no row for each instance.
    """
    columns = {name: _to_json(name, values, count) for name, values in outputs.items()}
    if len(columns) == 1:
        return next(iter(columns.values()))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _only_value(item: Any, spec: Input, where: int) -> Any:
    if not isinstance(item, dict) or (spec.dtype == STRING and set(item) == {"b64"}):
        return item
    _check_names(item, [spec], where)
    return item[spec.name]


def _check_names(item: Any, inputs: Sequence[Input], where: int) -> None:
    wanted = {each.name: each for each in inputs}
    listing = ", ".join(f"'{each.name}' ({each.wants()})" for each in inputs)
    if not isinstance(item, dict):
        raise InputError(
            f"instance {where} is {_kind(item)}; the model has {len(inputs)} inputs, so each "
            f"instance has to be an object with {listing}."
        )
    missing = [name for name in wanted if name not in item]
    extra = [name for name in item if name not in wanted]
    if missing or extra:
        came = ", ".join(repr(name) for name in item) or "nothing"
        raise InputError(f"instance {where} holds {came}; the model takes {listing}.")


def _check_shape(found: Array, values: Sequence[Any], spec: Input) -> None:
    if spec.shape is None:
        return
    if not _fits(found.shape[1:], spec.instance_shape or ()):
        shapes = [nested_shape(value, f"instance {where}") for where, value in enumerate(values)]
        raise InputError(_uneven(shapes, spec))
    if spec.shape and spec.shape[0] not in {None, len(values)}:
        raise InputError(
            f"the model takes exactly {spec.shape[0]} instances a request; {len(values)} came."
        )


def _uneven(shapes: Sequence[tuple[int, ...]], spec: Input) -> str:
    expected = spec.instance_shape
    for where, shape in enumerate(shapes):
        if expected is not None and not _fits(shape, expected):
            return (
                f"instance {where} has {_shape_words(shape)}; "
                f"input '{spec.name}' takes {spec.wants()}."
            )
    odd = next(where for where, shape in enumerate(shapes) if shape != shapes[0])
    return (
        f"the instances differ in shape: instance 0 has {_shape_words(shapes[0])}, "
        f"instance {odd} has {_shape_words(shapes[odd])}."
    )


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    return len(shape) == len(expected) and all(
        want is None or size == want for size, want in zip(shape, expected, strict=True)
    )


def _to_dtype(found: Array, values: Sequence[Any], spec: Input) -> Array:
    target = np.dtype(spec.dtype)
    if not _convertible(found.dtype.kind, target.kind):
        raise InputError(_wrong_type(values, spec, target.kind))
    if target.kind in "iu" and found.dtype.kind == "f" and not _all(found == np.floor(found)):
        raise InputError(f"{_first(found != np.floor(found))} holds a fraction; {_takes(spec)}.")
    if target.kind in "iu":
        limits = np.iinfo(target)
        outside = (found < limits.min) | (found > limits.max)
        if outside.any():
            raise InputError(f"{_first(outside)} is out of the range of {target}; {_takes(spec)}.")
    with np.errstate(over="ignore"):
        tensor = found.astype(target, copy=False)
    if target.kind == "f" and not _all(np.isfinite(tensor)):
        raise InputError(
            f"{_first(~np.isfinite(tensor))} holds a number that {target} cannot hold."
        )
    return tensor


def _convertible(came: str, target: str) -> bool:
    if target == "b":
        return came == "b"
    return came in "iuf"


def _wrong_type(values: Sequence[Any], spec: Input, target: str) -> str:
    for where, value in enumerate(values):
        wrong = _first_leaf(value, target)
        if wrong is not None:
            return f"instance {where} holds {wrong}; {_takes(spec)}."
    return f"the instances hold numbers out of range; {_takes(spec)}."


def _first_leaf(value: Any, target: str) -> str | None:
    if isinstance(value, list):
        return next((wrong for item in value if (wrong := _first_leaf(item, target))), None)
    if isinstance(value, bool):
        return None if target == "b" else _kind(value)
    if isinstance(value, int | float):
        return _kind(value) if target == "b" else None
    return _kind(value)


def _to_bytes(value: Any, where: str) -> Any:
    if isinstance(value, list):
        return [_to_bytes(item, where) for item in value]
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and set(value) == {"b64"}:
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise InputError(f"{where} holds a 'b64' that is not base64 text.") from None
    raise InputError(f"{where} holds {_kind(value)}; a string or {{'b64': ...}} is expected.")


def _to_json(name: str, values: Array, count: int) -> list[Any]:
    if values.ndim == 0 or values.shape[0] != count:
        raise RuntimeError(
            f"output '{name}' has the shape {_shape_text(values.shape)} for {count} instances: "
            "the first dimension has to be the instances."
        )
    listed: list[Any] = values.tolist()
    return _text(name, listed) if values.dtype == object else listed


def _text(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_text(name, item) for item in value]
    if not isinstance(value, bytes):
        return value
    if name.endswith("_bytes"):
        return {"b64": base64.b64encode(value).decode()}
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise RuntimeError(
            f"output '{name}' is no UTF-8 text: end its name with '_bytes' to have it as base64."
        ) from None


def _takes(spec: Input) -> str:
    return f"input '{spec.name}' takes {spec.wants()}"


def _first(mask: Array) -> str:
    return f"instance {int(np.argwhere(mask)[0][0])}"


def _all(mask: Array) -> bool:
    return bool(mask.all())


def _shape_words(shape: Sequence[int]) -> str:
    return f"the shape {_shape_text(shape)}" if shape else "a single value"


def _shape_text(shape: Sequence[int | None]) -> str:
    sizes = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    if isinstance(value, list):
        return "a list"
    return "an object with " + (", ".join(repr(key) for key in list(value)[:5]) or "nothing")
