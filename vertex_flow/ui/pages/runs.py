"""The runs of a place: found by flow, state and text, and chosen to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vertex_flow.runs.listing import STATES
from vertex_flow.ui.entry import PATH
from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site

_SHOWN = 100


def routes(site: Site) -> list[Route]:
    """Give the routes of the list."""

    def listing(request: Request) -> Response:
        asked = {name: request.query_params.get(name, "") for name in ("flow", "state", "q")}
        state = asked["state"] if asked["state"] in STATES else ""
        every = site.runs()
        found = site.search(every, flow=asked["flow"], state=state, words=asked["q"])
        site.warm()
        flows = sorted({one.flow for one in every})
        return HTMLResponse(
            page(
                "runs.html",
                site=site,
                here="runs",
                runs=found[:_SHOWN],
                more=len(found) - _SHOWN,
                any=bool(every),
                flows=flows,
                states=STATES,
                asked=asked,
            )
        )

    def home(request: Request) -> Response:
        return RedirectResponse(f"{PATH}runs", 303)

    return [Route("/", home), Route("/runs", listing)]
