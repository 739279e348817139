"""Models: their versions, aliases, where they serve, and what a version was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vertex_flow.report.page import origins
from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from vertex_flow.runs.outcomes import RegisteredModel
    from vertex_flow.ui.site import Site

_ORIGINS = ("data", "parameters", "code", "image")


def routes(site: Site) -> list[Route]:
    """Give the routes of models."""

    def listing(request: Request) -> Response:
        models: dict[str, list[RegisteredModel]] = {}
        for one in site.models():
            models.setdefault(one.name, []).append(one)
        return HTMLResponse(page("models.html", site=site, here="models", models=models))

    def shown(request: Request) -> Response:
        model_id, version = request.path_params["model_id"], request.path_params["version"]
        versions = [one for one in site.models() if one.id == model_id]
        model = next((one for one in versions if one.version == version), None)
        if model is None:
            raise HTTPException(404, f"There is no version {version!r} of a model {model_id!r}.")
        facts = site.maker(model.name, model.version)
        html = page(
            "model.html",
            site=site,
            here="models",
            model=model,
            versions=versions,
            run=facts,
            origins=[one for one in origins(facts) if one[0] in _ORIGINS] if facts else [],
            lineage=site.drawings.of_lineage(facts) if facts else "",
        )
        return HTMLResponse(html)

    return [Route("/models", listing), Route("/models/{model_id}/{version}", shown)]
