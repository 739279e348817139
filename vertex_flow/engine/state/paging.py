"""Order and pages of a list: `order_by`, `page_size`, `page_token`."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.state.paths import Path, path

_DEFAULT = 100
_MOST = 1000


@attrs.frozen
class Place:
    """Where a resource stands in an ordered list.

    Attributes:
        values: What it is ordered by.
        number: Its number in the store, which grows with age.
        message: The resource; None in a place read from a page token.
    """

    values: Sequence[Any]
    number: int
    message: Any = None


@attrs.frozen
class Order:
    """An order of resources; equals stand newest first.

    Attributes:
        keys: Path and whether it is descending, first the one that counts most.
    """

    keys: tuple[tuple[Path, bool], ...]

    def __call__(self, message: Any) -> list[Any]:
        """Give the values that a resource is ordered by."""
        return [field.sortable(message) for field, _ in self.keys]

    def sorted(self, places: Iterable[Place]) -> list[Place]:
        """Put places in this order."""
        return sorted(places, key=functools.cmp_to_key(self.compare))

    def compare(self, one: Place, other: Place) -> int:
        """Tell which of two comes first: below 0 for the one, above 0 for the other."""
        rows = zip(one.values, other.values, self.keys, strict=False)
        for mine, theirs, (_, descending) in rows:
            if mine != theirs:
                return -1 if (_rank(mine) < _rank(theirs)) is not descending else 1
        return other.number - one.number


def order(order_by: str, descriptor: Any) -> Order:
    """Read `order_by`, for example `create_time desc, display_name`.

    Raises:
        ApiError: INVALID_ARGUMENT that names what was not understood.
    """
    keys = []
    for term in filter(None, (part.split() for part in order_by.split(","))):
        name, *rest = term
        if rest not in ([], ["asc"], ["desc"]):
            raise invalid(
                f'Invalid order_by "{order_by}": expected <field>, <field> asc or <field> desc, '
                f'and got "{" ".join(term)}".'
            )
        keys.append((path(name, descriptor, f'order_by "{order_by}"'), rest == ["desc"]))
    return Order(tuple(keys))


def size(page_size: int) -> int:
    """Give the number of resources in a page; Vertex AI gives 100 unless told, and at most 1000.

    Raises:
        ApiError: INVALID_ARGUMENT when it is negative.
    """
    if page_size < 0:
        raise invalid(f"page_size is {page_size}; expected 0 to {_MOST}.")
    return min(page_size or _DEFAULT, _MOST)


def token(last: Place, query: Sequence[str]) -> str:
    """Make the token of the page that starts after a place."""
    text = json.dumps([_digest(query), list(last.values), last.number])
    return base64.urlsafe_b64encode(text.encode()).decode()


def start(page_token: str, query: Sequence[str]) -> Place | None:
    """Read a page token; None stands for the first page.

    Raises:
        ApiError: INVALID_ARGUMENT when it is no token, or the token of another list.
    """
    if not page_token:
        return None
    try:
        digest, values, number = json.loads(base64.urlsafe_b64decode(page_token))
        place = Place([_plain(value) for value in values], int(number))
    except (ValueError, TypeError, RecursionError) as error:
        raise invalid(f'page_token "{page_token[:200]}" is not one that this API gave.') from error
    if digest != _digest(query):
        raise invalid(
            "page_token belongs to another list: parent, filter and order_by must stay the same "
            "from page to page."
        )
    return place


def _plain(value: Any) -> str | float:
    if not isinstance(value, str | int | float):
        raise TypeError(value)
    return value


def _rank(value: str | float) -> tuple[bool, Any]:
    """Put numbers before texts: a struct may hold now one and now the other under one key."""
    return isinstance(value, str), value


def _digest(query: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(query)).encode()).hexdigest()[:16]
