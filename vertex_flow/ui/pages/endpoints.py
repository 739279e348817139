"""Endpoints: what is deployed, who gets which requests, how many there were, and trying one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import attrs
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from vertex_flow.errors import ApiError, VertexFlowError
from vertex_flow.ui.rendering import page
from vertex_flow.ui.trying import example, image_input, shares

if TYPE_CHECKING:
    from vertex_flow.report.facts import RunFacts, Sample
    from vertex_flow.runs.outcomes import DeployedEndpoint
    from vertex_flow.ui.site import Site

_SAMPLES = 12


def routes(site: Site) -> list[Route]:
    """Give the routes of endpoints."""
    pages, one = _Pages(site), "/endpoints/{endpoint_id}"
    return [
        Route("/endpoints", pages.listing),
        Route(one, pages.shown),
        Route(f"{one}/predict", pages.predict, methods=["POST"]),
    ]


@attrs.frozen
class _Pages:
    site: Site

    def listing(self, request: Request) -> Response:
        site = self.site
        html = page(
            "endpoints.html",
            site=site,
            here="endpoints",
            endpoints=site.endpoints(),
            counts=site.counts(),
        )
        return HTMLResponse(html)

    def shown(self, request: Request) -> Response:
        site = self.site
        endpoint = site.endpoint(request.path_params["endpoint_id"])
        facts = _maker(site, endpoint)
        html = page(
            "endpoint.html",
            site=site,
            here="endpoints",
            endpoint=endpoint,
            counts=site.counts(),
            run=facts,
            image=image_input(facts),
            samples=_samples(facts),
            example=example(facts, site.context.home),
        )
        return HTMLResponse(html)

    async def predict(self, request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
            if not isinstance(asked, dict):
                raise ValueError("expected an object")
        except (ValueError, RecursionError) as error:
            return _refused(400, f"This is no request: {error}.")
        name = request.path_params["endpoint_id"]
        return await run_in_threadpool(_predict, self.site, name, asked)


def _predict(site: Site, name: str, asked: dict[str, Any]) -> Response:
    """Ask for predictions, and word the answer for the page."""
    try:
        endpoint = site.endpoint(name)
        started = time.monotonic()
        if "pixels" in asked:
            answer = _predict_image(site, endpoint, asked["pixels"])
        else:
            answer = _predict_rows(site, endpoint, asked)
    except ApiError as error:
        return _refused(error.code, error.message)
    except (VertexFlowError, ValueError) as error:
        return _refused(400, str(error))
    found = shares(answer["predictions"][0]) if answer["predictions"] else None
    return JSONResponse(
        {
            "predictions": answer["predictions"],
            "shares": found[0] if found else None,
            "scored": bool(found and found[1]),
            "version": answer.get("modelVersionId", ""),
            "deployed": answer.get("deployedModelId", ""),
            "milliseconds": round(1000 * (time.monotonic() - started)),
        }
    )


def _predict_image(site: Site, endpoint: DeployedEndpoint, pixels: Any) -> dict[str, Any]:
    """Send an image in the form that the model takes, which is found by trying."""
    form = image_input(_maker(site, endpoint))
    if form is None or not isinstance(pixels, list):
        raise ValueError("This endpoint takes no images that can be drawn.")
    refused: ApiError | None = None
    for at, instance in enumerate(form.instances(pixels)):
        if at != site.forms.get(endpoint.name, at):
            continue
        try:
            answer = site.vertex.predict(endpoint.name, [instance])
        except ApiError as error:
            if error.code != 400:
                raise
            refused = refused or error
        else:
            site.forms[endpoint.name] = at
            return answer
    site.forms.pop(endpoint.name, None)
    assert refused is not None  # noqa: S101 - there is at least one form
    raise refused


def _predict_rows(site: Site, endpoint: DeployedEndpoint, asked: dict[str, Any]) -> dict[str, Any]:
    instances, parameters = asked.get("instances"), asked.get("parameters")
    if not isinstance(instances, list):
        raise ValueError("The instances are a JSON list with one item an instance.")
    if parameters is not None and not isinstance(parameters, dict):
        raise ValueError("The parameters are a JSON object.")
    return site.vertex.predict(endpoint.name, instances, parameters)


def _maker(site: Site, endpoint: DeployedEndpoint) -> RunFacts | None:
    """Find the run that has made what gets most of the requests."""
    if not endpoint.deployed_models:
        return None
    most = max(endpoint.deployed_models, key=lambda one: one.traffic_percent)
    return site.maker(most.model, most.version)


def _samples(facts: RunFacts | None) -> list[Sample]:
    """Some images of the test data, those that the model knew first."""
    found = [one for one in facts.samples if one.image] if facts else []
    return sorted(found, key=lambda one: one.predicted != one.true)[:_SAMPLES]


def _refused(code: int, said: str) -> Response:
    return JSONResponse({"error": said}, code)
