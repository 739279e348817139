"""Runs side by side: what differs, or everything with the differences marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vertex_flow.errors import SettingError
from vertex_flow.report.columns import SECTIONS, letter
from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site

_MOST = 12


def routes(site: Site) -> list[Route]:
    """Give the route of a comparison."""

    def shown(request: Request) -> Response:
        ids = list(dict.fromkeys(request.query_params.getlist("run")))
        if not 2 <= len(ids) <= _MOST:
            raise SettingError(
                f"A comparison is of 2 to {_MOST} different runs, and the URL names {len(ids)}: "
                "choose them in the list of runs."
            )
        first, *others = [site.run(one) for one in ids]
        comparison = first.diff(*others)
        everything = request.query_params.get("all") == "1"
        rows = comparison.rows if everything else comparison.differences
        if not everything:
            rows += comparison.section("durations")
        sections = [
            (title, [row for row in rows if row.section == name])
            for name, title in SECTIONS.items()
            if any(row.section == name for row in rows)
        ]
        html = page(
            "compare.html",
            site=site,
            here="runs",
            comparison=comparison,
            letters=[letter(index) for index in range(len(ids))],
            sections=sections,
            everything=everything,
        )
        return HTMLResponse(html)

    return [Route("/compare", shown)]
