"""A run: everything that is known of it, while it runs and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import attrs
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vertex_flow.report import page as report
from vertex_flow.ui.entry import PATH
from vertex_flow.ui.rendering import page
from vertex_flow.ui.views import doing, run_view

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site

_TAIL = 12  # lines of the log of what runs now


def routes(site: Site) -> list[Route]:
    """Give the routes of a run."""
    pages, one = _Pages(site), "/runs/{job_id}"
    return [
        Route(one, pages.shown),
        Route(f"{one}/trials", pages.trials),
        Route(f"{one}/report", pages.report),
        Route(f"{one}/cancel", pages.cancel, methods=["POST"]),
    ]


@attrs.frozen
class _Pages:
    site: Site

    def shown(self, request: Request) -> Response:
        site = self.site
        facts = site.facts(request.path_params["job_id"])
        running = () if facts.is_over else doing(facts)
        logs = site.logs(facts, [one.name for one in running], lines=_TAIL)
        html = page(
            "run.html",
            site=site,
            here="runs",
            run=facts,
            view=run_view(facts),
            drawings=site.drawings.of_run(facts),
            now=[(one, _end(logs[one.name])) for one in running],
        )
        return HTMLResponse(html)

    def trials(self, request: Request) -> Response:
        facts = self.site.facts(request.path_params["job_id"])
        html = page(
            "trials.html",
            site=self.site,
            here="runs",
            run=facts,
            searches=[(one, self.site.drawings.of_search(one)) for one in facts.searches],
        )
        return HTMLResponse(html)

    def report(self, request: Request) -> Response:
        """Give the report as a file to keep: no page of its own, as it is not under these rules."""
        facts = self.site.facts(request.path_params["job_id"])
        content = report.page(facts).encode("utf-8", "replace")
        named = f"attachment; filename*=UTF-8''{quote(facts.job_id, safe='')}.html"
        return HTMLResponse(content, headers={"Content-Disposition": named})

    def cancel(self, request: Request) -> Response:
        job_id = request.path_params["job_id"]
        self.site.run(job_id).cancel()
        return RedirectResponse(f"{PATH}runs/{job_id}", 303)


def _end(text: str) -> str:
    """The last lines of the logs of all tasks."""
    return "\n".join(text.splitlines()[-_TAIL:])
