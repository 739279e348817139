"""List filters: the part of Google's filter language (AIP-160) that Vertex AI's lists take.

```
display_name="mnist" AND (state="JOB_STATE_RUNNING" OR labels.team:*) AND NOT labels.old="yes"
create_time>"2026-01-31T00:00:00Z"      pipelineName:"mnist-*"
metadata.accuracy.number_value>0.9      in_context("projects/p/.../contexts/mnist")
```

`OR` binds closer than `AND`, as AIP-160 has it. `=`, `!=` and `:` take `*` as a wildcard; `:*` asks
whether a field is set, and `:` without a wildcard whether a text contains another. A value in a
struct is compared as its last step says: `number_value`, `string_value` or `bool_value`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import Any

import attrs

from vertex_flow.engine.api.binding import snake
from vertex_flow.engine.api.errors import ApiError, invalid
from vertex_flow.engine.state.paths import Path, path

Test = Callable[[Any], bool]
# Gives the names of the messages that stand in a relation to the one that is named.
Relation = Callable[[str], frozenset[str]]

_DEEPEST = 20  # parentheses and NOTs in each other

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


@attrs.frozen
class Matcher:
    """A test of messages.

    Attributes:
        test: Tells whether a message passes.
        names: Names outside which nothing passes, so that a list need not look at the others;
            None when any message may.
    """

    test: Test
    names: frozenset[str] | None = None

    def __call__(self, message: Any) -> bool:
        """Tell whether a message passes."""
        return self.test(message)


def matcher(text: str, descriptor: Any, relations: Mapping[str, Relation] | None = None) -> Matcher:
    """Turn a filter into a test of messages.

    Args:
        text: The filter; empty lets everything pass.
        descriptor: The descriptor of the messages.
        relations: What `name("resource")` and `name:"resource"` stand for, by name.

    Raises:
        ApiError: INVALID_ARGUMENT that names what was not understood.
    """
    if not text.strip():
        return Matcher(lambda message: True)
    return _Parser(text, descriptor, relations or {}).parse()


class _Parser:
    """One pass over a filter, from its loosest operator to its closest."""

    def __init__(self, text: str, descriptor: Any, relations: Mapping[str, Relation]) -> None:
        self._text = text
        self._descriptor = descriptor
        self._relations = relations
        self._tokens = self._split()
        self._next = 0
        self._depth = 0

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
        if len(parts) == 1:
            return parts[0]
        known = [part.names for part in parts if part.names is not None]
        names = frozenset.intersection(*known) if known else None
        return Matcher(lambda message: all(part(message) for part in parts), names)

    def _any(self) -> Matcher:
        parts = [self._one()]
        while self._take("OR"):
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        known = [part.names for part in parts if part.names is not None]
        names = frozenset.union(*known) if len(known) == len(parts) else None
        return Matcher(lambda message: any(part(message) for part in parts), names)

    def _one(self) -> Matcher:
        if self._take("NOT"):
            return self._nested(self._negation)
        if self._take("("):
            return self._nested(self._group)
        return self._restriction()

    def _nested(self, inner: Callable[[], Matcher]) -> Matcher:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refuse(f"it is nested more than {_DEEPEST} deep")
        found = inner()
        self._depth -= 1
        return found

    def _negation(self) -> Matcher:
        inner = self._one()
        return Matcher(lambda message: not inner(message))

    def _group(self) -> Matcher:
        group = self._all()
        if not self._take(")"):
            raise self._refuse('a ")" is missing')
        return group

    def _restriction(self) -> Matcher:
        name = self._token("word", "a field")
        if self._at("("):
            return self._function(name)
        sign = self._token("op", f'an operator after "{name}"')
        values = self._values(f"{name}{sign}")
        relation = self._relations.get(snake(name))
        if relation is not None and sign == ":":
            return _related(relation, values)
        if len(values) > 1:
            raise self._refuse(f'"{name}" takes one value')
        found = path(name, self._descriptor, f'filter "{self._text}"')
        return Matcher(_Restriction(found, name, sign, values[0], self._refuse).build())

    def _function(self, name: str) -> Matcher:
        relation = self._relations.get(name)
        if relation is None:
            known = ", ".join(self._relations) or "none"
            raise self._refuse(f'there is no function "{name}"; of functions there is {known}')
        self._take("(")
        found = _related(relation, self._values(f"{name}("))
        if not self._take(")"):
            raise self._refuse('a ")" is missing')
        return found

    def _values(self, after: str) -> list[str]:
        """Read a value, or several with commas between them."""
        values = [self._value(after)]
        while self._take(","):
            values.append(self._value(","))
        return values

    def _value(self, after: str) -> str:
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        if kind not in ("text", "word"):
            raise self._refuse(f'a value is missing after "{after}"')
        self._next += 1
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else text

    def _at(self, word: str) -> bool:
        return self._next < len(self._tokens) and self._tokens[self._next][1] == word

    def _take(self, word: str) -> bool:
        if not self._at(word):
            return False
        self._next += 1
        return True

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

    def build(self) -> Test:
        if self.sign == ":" and self.text == "*":
            return lambda message: bool(self.path.value(message))
        if self.sign in _COMPARE:
            return self._ordered(_COMPARE[self.sign])
        if self.sign == "!=":
            same = self._same()
            return lambda message: not same(message)
        return self._same()

    def _ordered(self, compare: Callable[[Any, Any], bool]) -> Test:
        wanted = self._wanted()

        def test(message: Any) -> bool:
            value = self.path.value(message)
            if not isinstance(value, str | int | float | datetime):
                return False  # not set, or a list or a struct
            return isinstance(value, str) is isinstance(wanted, str) and compare(value, wanted)

        return test

    def _same(self) -> Test:
        wanted = self._wanted()
        if not isinstance(wanted, str):
            return lambda message: bool(self.path.value(message) == wanted)
        parts = wanted.split("*")
        if self.sign == ":" and len(parts) == 1:
            parts = ["", *parts, ""]
        return lambda message: any(_matches(parts, text) for text in self._texts(message))

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
            return self._wanted_open()
        if field.message_type is not None:
            return self._wanted_message(field.message_type.full_name)
        if field.enum_type is not None:
            return self._wanted_enum(field.enum_type)
        if field.cpp_type == field.CPPTYPE_BOOL:
            return self._wanted_bool()
        return self.text if field.cpp_type == field.CPPTYPE_STRING else self._wanted_number()

    def _wanted_open(self) -> Any:
        """Give the value as a struct has it, or a list."""
        if self.path.kind is float:
            return self._wanted_number()
        return self._wanted_bool() if self.path.kind is bool else self.text

    def _wanted_number(self) -> float:
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


def _matches(parts: list[str], text: str) -> bool:
    """Tell whether a text is made of some parts, with anything between two of them.

    A regular expression would try every place of every part: for `*a*a*a*a*b` without end.
    """
    first, *middle = parts
    if not middle:
        return text == first
    last, end = middle.pop(), len(first)
    if not text.startswith(first):
        return False
    for part in middle:
        at = text.find(part, end)
        if at < 0:
            return False
        end = at + len(part)
    return text.endswith(last) and end + len(last) <= len(text)


def _related(relation: Relation, resources: list[str]) -> Matcher:
    """Let the messages pass that stand in a relation to every one of some resources."""
    names = frozenset.intersection(*(relation(resource) for resource in resources))
    return Matcher(lambda message: message.name in names, names)
