"""From a row of the input to what the model gets, and what the output shows of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid
from vertex_flow.errors import ApiError, nearest

MOST_BYTES = 32 * 1024 * 1024
_TYPES = ("", "array", "object")
_WITH_FIELDS = ("jsonl", "csv")


@attrs.frozen(kw_only=True)
class Instance:
    """One instance.

    Attributes:
        sent: What the model gets, as JSON; empty when there is an error.
        shown: How a line of the output begins: `"instance": ...` or `"key": ...`.
        error: Why it cannot be sent, or None.
    """

    sent: str = ""
    shown: str
    error: ApiError | None = None


@attrs.frozen
class Shape:
    """What `instance_config` makes of a row.

    Attributes:
        config: The `InstanceConfig`.
    """

    config: Any

    def of_value(self, value: Any) -> Instance:
        """Make an instance of a JSON value, a line of a JSONL file.

        Raises:
            ApiError: It does not fit `instance_config`.
        """
        if not self._chooses:
            return _instance(value)
        if not isinstance(value, dict):
            if self.config.instance_type == "array" and isinstance(value, list):
                return _instance(value)
            raise invalid(
                f"the line holds {_kind(value)}, and instance_config needs objects, which have "
                "fields."
            )
        if self.config.instance_type == "array" and not self.config.included_fields:
            raise invalid(
                "the line holds an object, whose fields have no order: instance_type 'array' "
                "needs instance_config.included_fields."
            )
        return self._chosen(value, array=self.config.instance_type == "array")

    def of_row(self, names: Sequence[str], values: Sequence[Any]) -> Instance:
        """Make an instance of a CSV row: an array.

        Raises:
            ApiError: It does not fit `instance_config`.
        """
        if not self._chooses:
            return _instance(list(values))
        return self._chosen(dict(zip(names, values, strict=True)), array=True)

    @property
    def _chooses(self) -> bool:
        config = self.config
        return bool(
            config.instance_type
            or config.key_field
            or config.included_fields
            or config.excluded_fields
        )

    def _chosen(self, row: Mapping[str, Any], *, array: bool) -> Instance:
        config = self.config
        if config.included_fields:
            fields = {name: _field(row, name) for name in config.included_fields}
        else:
            hidden = {*config.excluded_fields, config.key_field}
            fields = {name: value for name, value in row.items() if name not in hidden}
        sent: Any = list(fields.values()) if array else fields
        if config.key_field:
            return _instance(sent, key=_field(row, config.key_field))
        if config.excluded_fields:  # what the model does not get is shown all the same
            return _instance(sent, whole=list(row.values()) if array else dict(row))
        return _instance(sent)


def unread(text: str, error: ApiError) -> Instance:
    """Give what could not be read as an instance."""
    return Instance(shown=f'"instance": {_json(text)}', error=error)


def of_bytes(text: str, uri: str | None = None) -> Instance:
    """Make an instance of bytes.

    Args:
        text: The bytes in base64.
        uri: The file that they are; the output shows it in place of the bytes.
    """
    sent = f'{{"b64": "{text}"}}'
    return Instance(sent=sent, shown=f'"instance": {_json(uri) if uri else sent}')


def check_instance_config(config: types.BatchPredictionJob.InstanceConfig, format: str) -> None:
    """Refuse an `instance_config` that does not go with the format of the input.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    kind = config.instance_type
    if kind not in _TYPES:
        raise invalid(
            f"instance_config.instance_type {kind!r} is unknown: it is 'array' or 'object'."
            f"{nearest(kind, _TYPES[1:])}"
        )
    if config.included_fields and config.excluded_fields:
        raise invalid(
            "instance_config.included_fields and excluded_fields are both set: only one can be."
        )
    given = [
        name
        for name in ("key_field", "included_fields", "excluded_fields", "instance_type")
        if getattr(config, name)
    ]
    if given and format not in _WITH_FIELDS:
        raise invalid(
            f"instance_config.{given[0]} does not apply to instances_format '{format}', whose "
            "instances have no fields."
        )
    if kind == "object" and format == "csv":
        raise invalid(
            "instance_config.instance_type 'object' does not apply to instances_format 'csv', "
            "whose rows are sent as arrays."
        )


def _instance(sent: Any, *, key: Any = None, whole: Any = None) -> Instance:
    text = _json(sent)
    if len(text) > MOST_BYTES:
        raise invalid(f"the instance has {len(text)} bytes; at most {MOST_BYTES} can be sent.")
    if key is not None:
        return Instance(sent=text, shown=f'"key": {_json(key)}')
    return Instance(sent=text, shown=f'"instance": {text if whole is None else _json(whole)}')


def _field(row: Mapping[str, Any], name: str) -> Any:
    if name not in row:
        raise invalid(
            f"the row has no field {name!r}, which instance_config names.{nearest(name, list(row))}"
        )
    return row[name]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names: dict[type, str] = {list: "an array", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")
