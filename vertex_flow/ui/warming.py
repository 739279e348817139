"""What the page of a run needs that takes seconds to load, loaded before it is asked for."""

from __future__ import annotations

import logging
import threading
from importlib import import_module

_log = logging.getLogger(__name__)
_MODULES = ("vertex_flow.runs.gathering", "vertex_flow.report.page", "optuna.importance")
_DOT = {"mark": "point", "data": {"values": []}}


def warm() -> threading.Thread:
    """Load it beside what goes on; gives the thread that does, which keeps no program from ending.

    The first page of a run would else wait for scikit-learn, which says what matters in a search,
    and for the engine that draws charts.
    """
    thread = threading.Thread(target=_load, name="warming", daemon=True)
    thread.start()
    return thread


def _load() -> None:
    from vertex_flow.report.rendering import svg

    try:
        for name in _MODULES:
            import_module(name)
        svg(_DOT, "")
    except Exception as error:  # whoever needs it says better what is wrong
        _log.debug("could not be loaded: %r", error)
