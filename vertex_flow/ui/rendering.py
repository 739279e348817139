"""Pages from templates; whatever is put into them is text, and never markup."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment
from markupsafe import Markup

from vertex_flow._version import __version__
from vertex_flow.report import states
from vertex_flow.report.html import environment
from vertex_flow.report.images import data_uri
from vertex_flow.texts import describe_span, describe_time, describe_value, plain

_NONE = "\N{EN DASH}"
_SVG = "http://www.w3.org/2000/svg"
# What drawings consist of; nothing else is shown.
_DRAWN = (
    *("circle", "clipPath", "defs", "desc", "ellipse", "g", "line", "linearGradient", "marker"),
    *("path", "polygon", "polyline", "rect", "stop", "svg", "text", "title", "tspan"),
)
_WIDTH = re.compile(r"width:(\d+)")
_UNUSUAL = re.compile(r"[^\n\t -~]+")
_LINE = 72  # characters of JSON that stand on one line
_LONG = 2000  # characters of a value that are shown


def page(template: str, **values: Any) -> str:
    """Render a page.

    Args:
        template: Name of a file in `html`.
        values: What the template names.
    """
    return _environment().get_template(template).render(version=__version__, **values)


def moment(time: datetime | None) -> str:
    """Word a time in this machine's zone; a dash for none."""
    return describe_time(time) or _NONE


def iso(time: datetime) -> str:
    """Write a time for programs."""
    return time.astimezone(timezone.utc).isoformat(timespec="seconds")


def took(start: datetime | None, end: datetime | None = None) -> str:
    """Word how long something took, or takes until now; a dash when it has not started."""
    return describe_span(start, end, datetime.now(timezone.utc)) or _NONE


def number(value: float | None) -> str:
    """Word a number shortly; NaN and the infinities as they are."""
    if value is None:
        return _NONE
    return describe_value(value) if math.isfinite(value) else str(value)


def text(value: Any) -> str:
    """Word any value: texts as they are, what has parts as JSON; cut where it is very long."""
    if isinstance(value, (Mapping, list, tuple)):
        said = json.dumps(value, ensure_ascii=False, default=str)
        if len(said) > _LINE:
            said = json.dumps(value, ensure_ascii=False, default=str, indent=1)
    elif isinstance(value, float):
        said = number(value)
    else:
        said = str(value)
    return said if len(said) <= _LONG else f"{said[:_LONG]} … ({len(said):,} characters)"


def tail(name: str) -> str:
    """Give the last part of a resource name or a URI."""
    return name.rstrip("/").rpartition("/")[2] or name


def drawing(svg: str) -> Markup:
    """Let a drawing into a page, without anything that could act or that the page's rules refuse.

    Args:
        svg: An `<svg>` element.
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn by this package
    width = _WIDTH.match(root.get("style", ""))
    if width:
        root.set("width", width[1])
    for element in list(root.iter()):
        for inner in list(element):
            if str(inner.tag).rpartition("}")[2] not in _DRAWN:
                element.remove(inner)
        for name in list(element.attrib):
            if name.startswith("on") or name.rpartition("}")[2] in ("style", "href"):
                del element.attrib[name]
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by it


def _shown(value: Any) -> Any:
    """Give what a page shows of a value: what cannot be seen, or turns text around, as escapes."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _UNUSUAL.sub(lambda found: plain(found[0]), value.replace("\r\n", "\n"))


_FILTERS: dict[str, Callable[..., str]] = {
    "state_words": states.say,
    "moment": moment,
    "iso": iso,
    "number": number,
    "text": text,
    "tail": tail,
    "drawing": drawing,
    "pixels": data_uri,
    "quoted": shlex.quote,
}


@cache
def _environment() -> Environment:
    found = environment("vertex_flow.ui", "html", finalize=_shown)
    found.filters.update(_FILTERS)
    found.globals["took"] = took
    return found
