"""List filters: the part of Google's filter language (AIP-160) that Vertex AI's lists take.

```
display_name="mnist" AND (state="JOB_STATE_RUNNING" OR labels.team:*) AND NOT labels.old="yes"
create_time>"2026-01-31T00:00:00Z"      pipelineName:"mnist-*"
```

`OR` binds closer than `AND`, as AIP-160 has it. `=`, `!=` and `:` take `*` as a wildcard; `:*` asks
whether a field is set, and `:` without a wildcard whether a text contains another.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import Any

import attrs

from vertex_flow.engine.api.binding import snake
from vertex_flow.engine.api.errors import ApiError, invalid
from vertex_flow.engine.api.messages import raw
from vertex_flow.errors import nearest

Matcher = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
      | (?P<op><=|>=|!=|=|<|>|:)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<word>(?:[^\s()=<>!:"']|(?<=\.)"[^"]*")+)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Names that Vertex AI's filters take besides a message's own fields.
_ALIASES = {
    "PipelineJob": {
        "pipeline_name": "pipeline_spec.pipelineInfo.name",
        "pipeline_job_user_id": "@id",
    },
    "Model": {"model": "@id"},
    "Endpoint": {"endpoint": "@id"},
}


@attrs.frozen
class Path:
    """A field of a message, or something in one of its maps or structs.

    Attributes:
        steps: Field names and keys; `@id` stands for the last part of the name.
        field: The descriptor of the field that the path ends in, or None in a map or struct.
    """

    steps: tuple[str, ...]
    field: Any = None

    def value(self, message: Any) -> Any:
        """Read the field; None when it is not set."""
        found: Any = raw(message)
        for step in self.steps:
            found = _step(found, step)
            if found is None:
                return None
        return self._plain(found)

    def sortable(self, message: Any) -> str | float:
        """Read the field as something that JSON and `<` both take."""
        value = self.value(message)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return value
        return 0.0 if value is None and self._time() else str(value or "")

    def _time(self) -> bool:
        kind = self.field.message_type if self.field is not None else None
        return kind is not None and kind.full_name == "google.protobuf.Timestamp"

    def _plain(self, found: Any) -> Any:
        if self._time():
            return found.ToDatetime(tzinfo=timezone.utc)
        if self.field is not None and self.field.enum_type is not None:
            value = self.field.enum_type.values_by_number.get(found)
            return value.name if value else str(found)
        return found


def matcher(text: str, descriptor: Any) -> Matcher:
    """Turn a filter into a test of messages.

    Args:
        text: The filter; empty lets everything pass.
        descriptor: The descriptor of the messages.

    Raises:
        ApiError: INVALID_ARGUMENT that names what was not understood.
    """
    if not text.strip():
        return lambda message: True
    return _Parser(text, descriptor).parse()


def path(name: str, descriptor: Any, where: str) -> Path:
    """Find a field by its name in camelCase or snake_case, with dots for what is in it.

    Args:
        name: For example `display_name`, `labels.team` or `labels."my-key"`.
        descriptor: The descriptor of the message.
        where: What the name is part of, for the error.

    Raises:
        ApiError: INVALID_ARGUMENT when there is no such field.
    """
    first, *rest = _parts(name)
    aliases = _ALIASES.get(descriptor.name, {})
    first = snake(first)
    if first in aliases and not rest:
        return Path(tuple(aliases[first].split(".")))
    steps: list[str] = []
    parts = [first, *rest]
    while parts:
        part = snake(parts[0])
        field = descriptor.fields_by_name.get(part)
        if field is None:
            known = [*descriptor.fields_by_name, *aliases]
            raise invalid(
                f'Invalid {where}: {descriptor.name} has no field "{parts[0]}".'
                f"{nearest(part, known)}"
            )
        steps.append(part)
        parts = parts[1:]
        if not parts:
            return Path(tuple(steps), field)
        if _open(field):
            return Path((*steps, *parts))
        if field.message_type is None:
            raise invalid(f'Invalid {where}: "{".".join(steps)}" has no fields.')
        descriptor = field.message_type
    return Path(tuple(steps))


class _Parser:
    """One pass over a filter, from its loosest operator to its closest."""

    def __init__(self, text: str, descriptor: Any) -> None:
        self._text = text
        self._descriptor = descriptor
        self._tokens = self._split()
        self._next = 0

    def parse(self) -> Matcher:
        result = self._all()
        if self._next < len(self._tokens):
            raise self._refuse(f'"{self._tokens[self._next][1]}" was not expected')
        return result

    def _split(self) -> list[tuple[str, str]]:
        tokens, end = [], 0
        text = self._text.rstrip()
        while end < len(text):
            found = _TOKEN.match(text, end)
            if found is None:
                raise self._refuse(f'"{text[end:].strip()}" was not understood')
            tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            end = found.end()
        return tokens

    def _all(self) -> Matcher:
        parts = [self._any()]
        while self._take("AND"):
            parts.append(self._any())
        return lambda message: all(part(message) for part in parts)

    def _any(self) -> Matcher:
        parts = [self._one()]
        while self._take("OR"):
            parts.append(self._one())
        return lambda message: any(part(message) for part in parts)

    def _one(self) -> Matcher:
        if self._take("NOT"):
            inner = self._one()
            return lambda message: not inner(message)
        if self._take("("):
            group = self._all()
            if not self._take(")"):
                raise self._refuse('a ")" is missing')
            return group
        return self._restriction()

    def _restriction(self) -> Matcher:
        name = self._token("word", "a field")
        sign = self._token("op", f'an operator after "{name}"')
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        if kind not in ("text", "word"):
            raise self._refuse(f'a value is missing after "{name}{sign}"')
        self._next += 1
        value = re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else text
        found = path(name, self._descriptor, f'filter "{self._text}"')
        return _Restriction(found, name, sign, value, self._refuse).build()

    def _take(self, word: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next][1] == word:
            self._next += 1
            return True
        return False

    def _token(self, kind: str, expected: str) -> str:
        if self._next >= len(self._tokens):
            raise self._refuse(f"{expected} was expected at the end")
        found, text = self._tokens[self._next]
        if found != kind:
            raise self._refuse(f'{expected} was expected, and not "{text}"')
        self._next += 1
        return text

    def _refuse(self, why: str) -> ApiError:
        return invalid(
            f'Invalid filter "{self._text}": {why}. Expected terms such as '
            'display_name="x", labels.key:* or create_time>"2026-01-31T00:00:00Z", '
            "joined by AND, OR, NOT and parentheses."
        )


@attrs.frozen
class _Restriction:
    path: Path
    name: str
    sign: str
    text: str
    refuse: Callable[[str], ApiError]

    def build(self) -> Matcher:
        if self.sign == ":" and self.text == "*":
            return lambda message: bool(self.path.value(message))
        if self.sign in _COMPARE:
            return self._ordered(_COMPARE[self.sign])
        if self.sign == "!=":
            same = self._same()
            return lambda message: not same(message)
        return self._same()

    def _ordered(self, compare: Callable[[Any, Any], bool]) -> Matcher:
        wanted = self._wanted()

        def test(message: Any) -> bool:
            value = self.path.value(message)
            if isinstance(value, float | int) and isinstance(wanted, str):
                return False
            return value is not None and compare(value, wanted)

        return test

    def _same(self) -> Matcher:
        wanted = self._wanted()
        if not isinstance(wanted, str):
            return lambda message: bool(self.path.value(message) == wanted)
        parts = [re.escape(part) for part in wanted.split("*")]
        if self.sign == ":" and len(parts) == 1:
            parts = ["", *parts, ""]
        pattern = re.compile(".*".join(parts), re.DOTALL)
        return lambda message: any(pattern.fullmatch(text) for text in self._texts(message))

    def _texts(self, message: Any) -> list[str]:
        value = self.path.value(message)
        if value is None:
            return []
        if isinstance(value, str | int | float | bool):
            return [str(value)]
        return [str(item) for item in value]

    def _wanted(self) -> Any:
        """Give the value as the field has it."""
        field = self.path.field
        if field is None or field.is_repeated:
            return self.text
        if field.message_type is not None:
            return self._wanted_message(field.message_type.full_name)
        if field.enum_type is not None:
            return self._wanted_enum(field.enum_type)
        if field.cpp_type == field.CPPTYPE_BOOL:
            return self._wanted_bool()
        if field.cpp_type == field.CPPTYPE_STRING:
            return self.text
        try:
            return float(self.text)
        except ValueError as error:
            raise self.refuse(f'"{self.name}" takes a number, and not "{self.text}"') from error

    def _wanted_message(self, kind: str) -> datetime:
        if kind != "google.protobuf.Timestamp":
            raise self.refuse(f'"{self.name}" has fields of its own; name one of them')
        text = re.sub(r"(\.\d{6})\d+", r"\1", self.text.replace("Z", "+00:00"))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self.refuse(
                f'"{self.name}" takes a time such as "2026-01-31T12:00:00Z", and not "{self.text}"'
            ) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)

    def _wanted_enum(self, kind: Any) -> str:
        names = list(kind.values_by_name)
        if "*" not in self.text and self.text not in names:
            close = get_close_matches(self.text, names, n=1) or names
            raise self.refuse(f'"{self.name}" takes {", ".join(close)}, and not "{self.text}"')
        return self.text

    def _wanted_bool(self) -> bool:
        if self.text.lower() not in ("true", "false"):
            raise self.refuse(f'"{self.name}" takes true or false, and not "{self.text}"')
        return self.text.lower() == "true"


def _parts(name: str) -> list[str]:
    """Split a path at its dots; a quoted part may hold dots itself."""
    found = re.findall(r'"([^"]*)"|([^."]+)', name)
    return [quoted or plain for quoted, plain in found] or [name]


def _open(field: Any) -> bool:
    """Tell whether any key may follow: the field is a map or a struct."""
    kind = field.message_type
    if kind is None:
        return False
    return kind.GetOptions().map_entry or kind.full_name in (
        "google.protobuf.Struct",
        "google.protobuf.Value",
    )


def _step(found: Any, step: str) -> Any:
    """Go one field or key deeper; None when it is not there."""
    if step == "@id":
        return found.name.rsplit("/", 1)[-1]
    if hasattr(found, "WhichOneof") and found.DESCRIPTOR.full_name == "google.protobuf.Value":
        found = getattr(found, found.WhichOneof("kind") or "null_value")
    if hasattr(found, "DESCRIPTOR") and found.DESCRIPTOR.full_name == "google.protobuf.Struct":
        return found[step] if step in found.fields else None
    if hasattr(found, "keys"):
        return found.get(step)
    if not hasattr(found, "DESCRIPTOR"):
        return None
    field = found.DESCRIPTOR.fields_by_name.get(step)
    if field is None or (field.has_presence and not found.HasField(step)):
        return None
    return getattr(found, step)
