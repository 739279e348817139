"""Asks for what may not be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vertex_flow.errors import ApiError

T = TypeVar("T")


def if_there(ask: Callable[[], T]) -> T | None:
    """Ask for something, and give None where the answer is that it is not there: 404.

    Args:
        ask: Asks for it, or does something with it.

    Raises:
        ApiError: It was refused for another reason.
    """
    try:
        return ask()
    except ApiError as error:
        if error.code == 404:
            return None
        raise
