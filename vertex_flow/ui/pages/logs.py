"""What the stages of a run have printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site

_LINES = 500  # of each task, or stage


def routes(site: Site) -> list[Route]:
    """Give the route of the logs of a run."""

    def shown(request: Request) -> Response:
        facts = site.facts(request.path_params["job_id"])
        names = [one.name for one in facts.stages]
        asked = request.query_params.get("stage", "")
        started = [one.name for one in facts.stages if one.start is not None]
        chosen = [asked] if asked in names else started
        html = page(
            "logs.html",
            site=site,
            here="runs",
            run=facts,
            stages=names,
            asked=asked,
            logs=site.logs(facts, chosen, lines=_LINES),
            lines=_LINES,
        )
        return HTMLResponse(html)

    return [Route("/runs/{job_id}/logs", shown)]
