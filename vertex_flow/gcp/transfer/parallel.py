"""Many files side by side; one that fails does not stop the others, Ctrl-C stops them all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

from vertex_flow.errors import ApiError
from vertex_flow.gcp.transfer.outcome import FileFault, ends_all

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 16


def side_by_side(
    items: Sequence[T], copy: Callable[[T], R], stop: threading.Event
) -> list[R | Exception]:
    """Copy items in threads, and give what became of each.

    Args:
        items: What is copied.
        copy: Copies one.
        stop: Set when what is underway should end.

    Returns:
        For each item what `copy` gave, or why it failed.

    Raises:
        ApiError: What no other item would get through either.
    """
    if not items:
        return []
    with _pool(min(WORKERS, len(items)), stop) as pool:
        futures = [pool.submit(_kept, copy, item) for item in items]
        for future in as_completed(futures):
            found = future.result()
            if isinstance(found, Exception) and ends_all(found):
                raise found
    return [future.result() for future in futures]


def _kept(copy: Callable[[T], R], item: T) -> R | Exception:
    try:
        return copy(item)
    except (ApiError, OSError, FileFault) as error:
        return error


@contextmanager
def _pool(size: int, stop: threading.Event) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(size, thread_name_prefix="transfer")
    try:
        yield pool
    except BaseException:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()
