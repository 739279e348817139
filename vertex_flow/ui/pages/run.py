"""A run: everything that is known of it, while it runs and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vertex_flow.ui.entry import PATH
from vertex_flow.ui.rendering import page
from vertex_flow.ui.views import doing, run_view

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site

_TAIL = 12  # lines of the log of what runs now


def routes(site: Site) -> list[Route]:
    """Give the routes of a run."""

    def shown(request: Request) -> Response:
        job_id = request.path_params["job_id"]
        facts = site.facts(job_id)
        now = (
            [] if facts.is_over else [(one, _tail(site, job_id, one.name)) for one in doing(facts)]
        )
        html = page(
            "run.html",
            site=site,
            here="runs",
            run=facts,
            view=run_view(facts),
            drawings=site.drawings.of_run(facts),
            now=now,
        )
        return HTMLResponse(html)

    def trials(request: Request) -> Response:
        facts = site.facts(request.path_params["job_id"])
        html = page(
            "trials.html",
            site=site,
            here="runs",
            run=facts,
            searches=[(one, site.drawings.of_search(one)) for one in facts.searches],
        )
        return HTMLResponse(html)

    async def cancel(request: Request) -> Response:
        job_id = request.path_params["job_id"]

        def ask() -> None:
            site.run(job_id).cancel()

        await run_in_threadpool(ask)
        return RedirectResponse(f"{PATH}runs/{job_id}", 303)

    one = "/runs/{job_id}"
    return [
        Route(one, shown),
        Route(f"{one}/trials", trials),
        Route(f"{one}/cancel", cancel, methods=["POST"]),
    ]


def _tail(site: Site, job_id: str, stage: str) -> str:
    return "\n".join(site.run(job_id).logs(stage, lines=_TAIL).splitlines()[-_TAIL:])
