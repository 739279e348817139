"""The placeholders in a pipeline spec: `{{$.inputs.parameters['x']}}` and its kin."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from vertex_flow.engine.pipelines.parameters import text
from vertex_flow.errors import nearest

_PLACEHOLDER = re.compile(r"\{\{\$(?P<path>(?:\.[^{}]*)?)\}\}")
_STEP = re.compile(r"\.(\w+)|\['+([^']*)'+\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_ESCAPE = re.compile(r"\.json_escape\[(\d+)\]$")


class PlaceholderError(ValueError):
    """A placeholder stands for nothing."""


def no_path(_: str) -> bool:
    """Keep no placeholder that stands for nothing."""
    return False


def every_path(_: str) -> bool:
    """Keep every placeholder that stands for nothing."""
    return True


def of_executor(path: str) -> bool:
    """Keep the placeholders that only the executor of a task can fill in."""
    return not path or path.startswith(".output")


@attrs.frozen(kw_only=True)
class View:
    """What placeholders stand for.

    Attributes:
        values: Nested dicts and lists, walked by the steps of a placeholder's path.
        whole: What `{{$}}` stands for, or None where it stands for nothing.
        keep: Says of which paths a placeholder is left as it is when it stands for nothing;
            all others fail.
    """

    values: Mapping[str, Any]
    whole: Any = None
    keep: Callable[[str], bool] = no_path

    def fill(self, written: str) -> str:
        """Replace every placeholder in a text.

        What a placeholder stands for is not searched again.

        Raises:
            PlaceholderError: One stands for nothing.
        """
        return _PLACEHOLDER.sub(self._replace, written)

    def fill_deep(self, value: Any) -> Any:
        """Replace every placeholder in the texts of a nested value, keys included."""
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, list):
            return [self.fill_deep(item) for item in value]
        if isinstance(value, dict):
            return {self.fill(name): self.fill_deep(item) for name, item in value.items()}
        return value

    def fill_command(self, words: Collection[str], present: Collection[str]) -> list[str]:
        """Replace the placeholders in a command, those with structure included.

        Args:
            words: Command or arguments; one word may become none or many.
            present: Names of the inputs that have a value.
        """
        expanded = [word for written in words for word in expand(written, present)]
        return [self.fill(word) for word in expanded]

    def _replace(self, match: re.Match[str]) -> str:
        path = match["path"]
        escape = _ESCAPE.search(path)
        if escape:
            path = path[: escape.start()]
        try:
            found = self._find(path)
        except (KeyError, IndexError, TypeError):
            if self.keep(path):
                return match[0]
            raise PlaceholderError(self._nothing(match[0], path)) from None
        shown = text(found)
        for _ in range(int(escape[1]) if escape else 0):
            shown = json.dumps(shown)[1:-1]
        return shown

    def _find(self, path: str) -> Any:
        if not path:
            if self.whole is None:
                raise KeyError(path)
            return self.whole
        found: Any = self.values
        for step in _steps(path):
            found = found[step]
        return found

    def _nothing(self, placeholder: str, path: str) -> str:
        steps = _steps(path)
        if steps[:1] == ["inputs"] or steps[:1] == ["outputs"]:
            return f"{placeholder} has no value: the task has no such input or output here."
        hint = nearest(str(steps[0]) if steps else "", list(self.values))
        return f"{placeholder} is no placeholder of Vertex AI Pipelines.{hint}"


def expand(written: str, present: Collection[str]) -> list[str]:
    """Give the words that a `Concat` or `IfPresent` placeholder stands for.

    Args:
        written: One word of a command; without such a structure it is given back as it is.
        present: Names of the inputs that have a value.
    """
    structure = _structure(written)
    return [written] if structure is None else _words(structure, present)


def _structure(written: str) -> dict[str, Any] | None:
    if not written.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(written)
    except ValueError:
        return None
    known = isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _STRUCTURES
    return value if known else None


_STRUCTURES = ("Concat", "IfPresent")


def _words(node: Any, present: Collection[str]) -> list[str]:
    if isinstance(node, list):
        return [word for item in node for word in _words(item, present)]
    if not isinstance(node, dict):
        return [text(node)]
    if "Concat" in node:
        return ["".join(_words(node["Concat"], present))]
    if "IfPresent" not in node:
        return [json.dumps(node)]
    choice = node["IfPresent"]
    chosen = choice.get("Then") if choice["InputName"] in present else choice.get("Else")
    return [] if chosen is None else _words(chosen, present)


def _steps(path: str) -> list[str | int]:
    found = _STEP.findall(path)
    return [
        int(index) if index else name or quoted or double for name, quoted, double, index in found
    ]
