"""The pages, a kind a module; each gives its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from vertex_flow.ui.pages import artifacts, compare, endpoints, logs, models, run, runs

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site

__all__ = ["routes"]


def routes(site: Site) -> list[Route]:
    """Give the routes of all pages.

    Args:
        site: What they show.
    """
    kinds = (runs, run, logs, artifacts, compare, models, endpoints)
    return [route for kind in kinds for route in kind.routes(site)]
