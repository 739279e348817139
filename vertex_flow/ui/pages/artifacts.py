"""What a stage put out, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vertex_flow.errors import SettingError
from vertex_flow.runs.files import local_path
from vertex_flow.ui.previews import Preview, preview
from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from vertex_flow.ui.site import Site


def routes(site: Site) -> list[Route]:
    """Give the route of an artifact."""

    def shown(request: Request) -> Response:
        job_id, stage, name = (request.path_params[key] for key in ("job_id", "stage", "name"))
        facts = site.facts(job_id)
        found = [one.artifacts.get(name) for one in facts.stages if one.name == stage]
        artifact = found[0] if found else None
        if artifact is None:
            raise HTTPException(404, f"The run {job_id} has no artifact {stage}.{name}.")
        inside = request.query_params.get("file", "")
        html = page(
            "artifact.html",
            site=site,
            here="runs",
            run=facts,
            stage=stage,
            name=name,
            artifact=artifact,
            inside=inside,
            preview=_look(site.context.home, artifact.uri, inside),
        )
        return HTMLResponse(html)

    return [Route("/runs/{job_id}/artifacts/{stage}/{name}", shown)]


def _look(home: Path | None, uri: str, inside: str) -> Preview | None:
    """Look at what is on this machine; None for what is elsewhere."""
    if home is None:
        return None
    try:
        path = local_path(uri, home)
    except SettingError:
        return Preview(path=Path(uri), kind="gone")
    return preview(path, inside) if path is not None else None
