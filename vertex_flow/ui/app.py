"""The console as an ASGI application."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from vertex_flow.errors import ApiError, SettingError, VertexFlowError
from vertex_flow.ui.entry import PATH, Entry
from vertex_flow.ui.guard import Guard
from vertex_flow.ui.pages import routes
from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from vertex_flow.ui.site import Site

_log = logging.getLogger(__name__)
_STATIC = Path(__file__).parent / "static"


def application(site: Site, entry: Entry, way_in: str) -> ASGIApp:
    """Make the application.

    Args:
        site: What it shows.
        entry: Who may see it.
        way_in: Command that prints a URL that lets a browser in.
    """

    def failed(request: Request, error: Exception) -> Response:
        return _failure(site, error)

    static = Mount("/static", StaticFiles(directory=_STATIC))
    pages = Starlette(
        routes=[Mount(PATH.rstrip("/"), routes=[static, *routes(site)])],
        exception_handlers={
            HTTPException: failed,
            VertexFlowError: failed,
            Exception: failed,
        },
    )
    return Guard(app=pages, entry=entry, way_in=way_in)


def _failure(site: Site, error: Exception) -> Response:
    """Word what went wrong as a page."""
    code, title = _kind(error)
    if isinstance(error, HTTPException):
        said = error.detail
    elif isinstance(error, ApiError):
        hints = [
            f"{name}: {text}" for name, text in (("Cause", error.cause), ("Fix", error.fix)) if text
        ]
        said = "\n".join([error.message, *hints])
    elif isinstance(error, VertexFlowError):
        said = str(error)
    else:
        said = f"The console failed: {type(error).__name__}: {error}"
        _log.error("a page failed", exc_info=error)
    html = page("error.html", title=title, said=said, site=site, here="")
    return HTMLResponse(html, code)


def _kind(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, "Not found" if error.status_code == 404 else "Not possible"
    if isinstance(error, ApiError):
        known = error.code if 400 <= error.code < 600 else 502
        return known, "Not found" if error.code == 404 else "Refused"
    if isinstance(error, SettingError):
        return 400, "Not possible"
    return 500, "Failed"
