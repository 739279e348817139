"""artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site


def routes(site: Site) -> list[Route]:
    """Give the routes."""
    return []
