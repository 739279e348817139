"""The query parameter `fields`: the part of an answer that the caller wants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from vertex_flow.engine.api.errors import invalid

_WORD = re.compile(r"[\w*-]+|[(),/]")
_DEEPEST = 20

Tree = dict[str, "Tree"]


class Selection:
    """The fields that a caller wants; all of them when nothing is said.

    Args:
        text: For example `nextPageToken,items(name,size)` or `items/name`.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """

    def __init__(self, text: str) -> None:
        words = _WORD.findall(text)
        if "".join(words) != re.sub(r"\s", "", text):
            raise invalid(f"Invalid field selection {text!r}.")
        self._text = text
        self._words = iter([*words, ""])
        self._word = next(self._words)
        self._tree = self._list(0) if text else {}
        if self._word:
            raise invalid(f"Invalid field selection {text!r}: {self._word!r} is not expected.")

    def of(self, answer: Any) -> Any:
        """Give the selected part of an answer."""
        return _pruned(answer, self._tree)

    def wants(self, *names: str) -> bool:
        """Tell whether one of some fields, wherever it is, is in the selected part."""
        return any(name in (*names, "*") for name in _leaves(self._tree)) or not self._tree

    def _list(self, depth: int) -> Tree:
        tree: Tree = {}
        while True:
            name, below = self._field(depth)
            tree[name] = below
            if self._word != ",":
                return tree
            self._word = next(self._words)

    def _field(self, depth: int) -> tuple[str, Tree]:
        name = self._word
        if depth > _DEEPEST or not name or name in "(),/":
            raise invalid(f"Invalid field selection {self._text!r}.")
        self._word = next(self._words)
        if self._word == "/":
            self._word = next(self._words)
            return name, dict([self._field(depth + 1)])
        if self._word != "(":
            return name, {}
        self._word = next(self._words)
        below = self._list(depth + 1)
        if self._word != ")":
            raise invalid(f"Invalid field selection {self._text!r}: a ')' is missing.")
        self._word = next(self._words)
        return name, below


def _pruned(answer: Any, tree: Tree) -> Any:
    if not tree or "*" in tree:
        return answer
    if isinstance(answer, list):
        return [_pruned(one, tree) for one in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: _pruned(answer[name], tree[name]) for name in tree if name in answer}


def _leaves(tree: Tree) -> Iterator[str]:
    """Give the fields that are wanted as a whole; `items` alone stands for all that is in it."""
    for name, below in tree.items():
        if below:
            yield from _leaves(below)
        else:
            yield "*" if name == "items" else name
