"""One page of a collection, as a list request asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from vertex_flow.engine.api.masks import masked
from vertex_flow.engine.state.store import Store

M = TypeVar("M")


def page(
    store: Store,
    kind: type[M],
    parent: str,
    request: Any,
    *,
    shown: Callable[[M], M] | None = None,
) -> tuple[list[M], str]:
    """Read the page that a list request asks for.

    Args:
        store: Where the resources are.
        kind: Their message class.
        parent: What they are in.
        request: A list request; `filter`, `order_by`, `page_size`, `page_token` and `read_mask`
            count where it has them.
        shown: Gives a stored resource as callers see it; None shows it as it is.

    Returns:
        The page, and the token of the next one; empty when this is the last.

    Raises:
        ApiError: INVALID_ARGUMENT that names what was not understood.
    """
    found, token = store.list(
        kind,
        parent,
        filter=getattr(request, "filter", ""),
        page_size=request.page_size,
        page_token=request.page_token,
        order_by=getattr(request, "order_by", ""),
    )
    seen = [each if shown is None else shown(each) for each in found]
    mask = getattr(request, "read_mask", None)
    return [each if mask is None else masked(each, mask) for each in seen], token
