"""What every request to the console has to show, and what every answer says to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import attrs
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vertex_flow.ui.entry import KEY, PATH, Entry
from vertex_flow.ui.rendering import page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = f"{PATH}static/"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, forms would come from the origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE = ("GET", "HEAD")


@attrs.frozen(kw_only=True)
class Guard:
    """Lets the right requests through to the pages, and seals the answers.

    Attributes:
        app: The pages.
        entry: Who may see them.
        way_in: Command that prints a URL that lets a browser in.
    """

    app: ASGIApp
    entry: Entry
    way_in: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._instead(Request(scope)) or self.app
        await answer(scope, receive, sealed)

    def _instead(self, request: Request) -> Response | None:
        """Give what a request gets instead of what it asks for, if anything."""
        hosts = (f"127.0.0.1:{self.entry.port}", f"localhost:{self.entry.port}")
        if request.headers.get("host", "").lower() not in hosts:
            return _refused("The Host header names another server than this one.")
        if request.method not in _SAFE and not self._is_own(request, hosts):
            return _refused("The request comes from another page than the console's.")
        if request.url.path == PATH.rstrip("/"):
            return RedirectResponse(PATH, 308)
        return None if request.url.path.startswith(STATIC) else self._unknown(request)

    def _unknown(self, request: Request) -> Response | None:
        """Give what a browser gets that has shown no cookie; None for one that has."""
        if request.method in _SAFE and self.entry.admits(request.query_params.get(KEY, "")):
            return self._let_in(request)
        name, _ = self.entry.cookie
        if self.entry.knows(request.cookies.get(name)):
            return None
        return Response(page("door.html", way_in=self.way_in), 401, media_type="text/html")

    def _is_own(self, request: Request, hosts: tuple[str, ...]) -> bool:
        origins = [f"http://{host}" for host in hosts]
        return request.headers.get("origin", "").lower() in origins

    def _let_in(self, request: Request) -> Response:
        """Give the cookie, and lead to the page by a URL without the key."""
        others = [(key, value) for key, value in request.query_params.multi_items() if key != KEY]
        query = f"?{urlencode(others)}" if others else ""
        # The path begins with that of the console, so it cannot lead to another server.
        response = RedirectResponse(f"{request.url.path}{query}", 303)
        name, value = self.entry.cookie
        response.set_cookie(name, value, path=PATH, httponly=True, samesite="strict")
        return response


def _refused(text: str) -> Response:
    return Response(f"{text}\n", 403, media_type="text/plain")
