"""How the console of this machine is opened: by the engine that is in a folder."""

from __future__ import annotations

import http.client
from contextlib import closing
from pathlib import Path

from vertex_flow.engine.program import port_of
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.engine.visited import VisitedEngine
from vertex_flow.errors import EngineError
from vertex_flow.ui.entry import PATH, Entry

_START = 90.0  # how long the console may take to come up, in seconds


def console_url(home: Path, *, port: int = 0) -> str:
    """Give a URL that lets a browser into the console of this machine.

    It is good for a quarter of an hour, and the browser stays in. The standing engine is started
    when it is not up, and the console with it. Where a program has an engine of its own, it is
    that one's console, which ends with the program.

    Args:
        home: The engine's folder.
        port: Port of the engine on 127.0.0.1; 0 for any free one, and for that of the one that is
            up.

    Raises:
        PortInUseError: The port is taken.
        EngineError: The engine or the console did not start.
    """
    engine = VisitedEngine.find(home, own=True) or StandingEngine.up(home, port=port)
    number = port_of(engine.endpoint)
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", number, timeout=_START)) as asked:
            asked.request("GET", f"{PATH}static/console.css")
            answer = asked.getresponse()
            said = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"the console of {home} does not answer: {error}") from error
    if answer.status != 200:
        raise EngineError(f"the console of {home} does not answer: {said}")
    return Entry(secret=engine.token, port=number).url()
