"""The condition of a task: the part of CEL that the KFP compiler writes.

```
or      := and ("||" and)*
and     := compare ("&&" compare)*
compare := unary (("==" | "!=" | "<" | "<=" | ">" | ">=") unary)?
unary   := "!" unary | "-" unary | value
value   := "(" or ")" | number | string | true | false | null
         | ("int" | "double" | "string" | "bool") "(" or ")"
         | inputs.parameter_values['name']
```
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from vertex_flow.engine.pipelines.parameters import text

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<input>inputs\.parameter_values\[(?P<quote>['"])(?P<name>.*?)(?P=quote)\])
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>\|\||&&|==|!=|<=|>=|[<>!()\-])
    )""",
    re.VERBOSE,
)
_LONGEST = 10_000  # characters of a condition
_DIGITS = 300  # of a number that is kept exactly
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ConditionError(ValueError):
    """A condition cannot be read, or cannot be told for these values."""


@attrs.frozen
class Condition:
    """A condition that was read.

    Attributes:
        text: As it is written in the pipeline spec.
    """

    text: str
    _tree: Callable[[Mapping[str, Any]], Any] = attrs.field(repr=False, eq=False)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Tell whether it is true.

        Args:
            values: The parameters of the task, by input name.

        Raises:
            ConditionError: A parameter has no value, or values cannot be compared.
        """
        result = self._tree(values)
        if not isinstance(result, bool):
            raise ConditionError(f"condition {self.text!r} is {result!r}: expected true or false.")
        return result


def parse(written: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: It is not in the language above.
    """
    if len(written) > _LONGEST:
        raise ConditionError(
            f"condition {written[:100]!r}... has {len(written)} characters; at most {_LONGEST} "
            "are allowed."
        )
    reader = _Reader(written)
    try:
        tree = reader.either()
    except RecursionError:
        raise ConditionError(f"condition {written[:100]!r}... is nested too deep.") from None
    if reader.peek() is not None:
        raise reader.error()
    return Condition(written, tree)


_Tree = Callable[[Mapping[str, Any]], Any]


class _Reader:
    def __init__(self, written: str) -> None:
        self._text = written
        self._tokens = list(_tokens(written))
        self._at = 0

    def peek(self) -> str | None:
        if self._at == len(self._tokens):
            return None
        token = self._tokens[self._at]
        return token["sign"] or token["word"]

    def error(self) -> ConditionError:
        here = self._tokens[self._at][0].strip() if self._at < len(self._tokens) else "the end"
        return ConditionError(f"condition {self._text!r} cannot be read at {here!r}.")

    def either(self) -> _Tree:
        tree = self._both()
        while self._take("||"):
            tree = _any_of(tree, self._both())
        return tree

    def _both(self) -> _Tree:
        tree = self._comparison()
        while self._take("&&"):
            tree = _all_of(tree, self._comparison())
        return tree

    def _comparison(self) -> _Tree:
        left = self._unary()
        sign = self.peek()
        if sign not in ("==", "!=", *_ORDER):
            return left
        self._at += 1
        return _compare(sign, left, self._unary(), self._text)

    def _unary(self) -> _Tree:
        if self._take("!"):
            return _negate(self._unary(), self._text)
        if self._take("-"):
            inner = self._unary()
            return lambda values: -inner(values)
        return self._value()

    def _value(self) -> _Tree:
        if self._take("("):
            return self._closed()
        if self._at == len(self._tokens):
            raise self.error()
        token = self._tokens[self._at]
        if token["word"] in _CASTS:
            self._at += 1
            return self._call(token["word"])
        tree = self._leaf(token)
        self._at += 1
        return tree

    def _leaf(self, token: re.Match[str]) -> _Tree:
        if token["number"]:
            written = token["number"]
            exact = written.isdigit() and len(written) <= _DIGITS
            return _constant(int(written) if exact else float(written))
        if token["string"]:
            return _constant(re.sub(r"\\(.)", _unescape, token["string"][1:-1]))
        if token["input"]:
            return _parameter(token["name"], self._text)
        if token["word"] in _CONSTANTS:
            return _constant(_CONSTANTS[token["word"]])
        raise self.error()

    def _call(self, function: str) -> _Tree:
        if not self._take("("):
            raise self.error()
        inner = self._closed()
        return _cast(function, inner, self._text)

    def _closed(self) -> _Tree:
        tree = self.either()
        if not self._take(")"):
            raise self.error()
        return tree

    def _take(self, sign: str) -> bool:
        taken = self._at < len(self._tokens) and self._tokens[self._at]["sign"] == sign
        self._at += taken
        return taken


def _tokens(written: str) -> list[re.Match[str]]:
    found, end = [], 0
    while written[end:].strip():
        token = _TOKEN.match(written, end)
        if token is None:
            raise ConditionError(f"condition {written!r} cannot be read at {written[end:]!r}.")
        found.append(token)
        end = token.end()
    return found


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def _constant(value: Any) -> _Tree:
    return lambda _: value


def _parameter(name: str, condition: str) -> _Tree:
    def read(values: Mapping[str, Any]) -> Any:
        if name not in values:
            raise ConditionError(f"condition {condition!r} needs {name!r}, which has no value.")
        return values[name]

    return read


def _any_of(left: _Tree, right: _Tree) -> _Tree:
    return lambda values: left(values) or right(values)


def _all_of(left: _Tree, right: _Tree) -> _Tree:
    return lambda values: left(values) and right(values)


def _negate(inner: _Tree, condition: str) -> _Tree:
    def negated(values: Mapping[str, Any]) -> bool:
        value = inner(values)
        if not isinstance(value, bool):
            raise ConditionError(f"condition {condition!r} negates {value!r}, which is no bool.")
        return not value

    return negated


def _compare(sign: str, left: _Tree, right: _Tree, condition: str) -> _Tree:
    def compared(values: Mapping[str, Any]) -> bool:
        one, other = left(values), right(values)
        if sign in ("==", "!="):
            return _equal(one, other) is (sign == "==")
        try:
            return _ORDER[sign](one, other)
        except TypeError as error:
            raise ConditionError(
                f"condition {condition!r} cannot compare {one!r} with {other!r}."
            ) from error

    return compared


def _equal(one: Any, other: Any) -> bool:
    """Compare as CEL does: true is not 1."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)


def _as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]


def _as_int(value: Any) -> int:
    return int(value) if isinstance(value, str) else int(float(value))


_CASTS: Mapping[str, Callable[[Any], Any]] = {
    "int": _as_int,
    "double": float,
    "string": text,
    "bool": _as_bool,
}


def _cast(function: str, inner: _Tree, condition: str) -> _Tree:
    def cast(values: Mapping[str, Any]) -> Any:
        value = inner(values)
        try:
            return _CASTS[function](value)
        except (TypeError, ValueError, KeyError) as error:
            raise ConditionError(
                f"condition {condition!r} cannot read {value!r} as {function}."
            ) from error

    return cast
