"""HTML from templates: whatever is put into them is escaped, and none has a script."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from vertex_flow.texts import describe_seconds, describe_value, plain

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(
    package: str, folder: str, *, finalize: Callable[[Any], Any] | None = None
) -> Environment:
    """Give what fills templates; a value that a template names and does not get is an error.

    Args:
        package: The package that they are in, for example `vertex_flow.report`.
        folder: Their folder in it.
        finalize: What is done to each value before it is escaped.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: Any) -> str:
    """Fill a template for notebooks, one of `vertex_flow/report/templates/notebook`.

    Args:
        template: Its name, without `.html`.
        values: What it needs.

    Returns:
        HTML; every value in it is escaped, and control characters are shown as escapes.
    """
    return _for_notebooks().get_template(f"{template}.html").render(**values).strip()


@cache
def _for_notebooks() -> Environment:
    found = environment("vertex_flow.report", "templates/notebook")
    found.filters.update(plain=_plain, value=describe_value, seconds=describe_seconds)
    return found


def _plain(value: Any) -> str:
    return plain(str(value))
