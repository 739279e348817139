"""Pieces of HTML for notebooks: whatever is put into them is escaped, and none has a script."""

from __future__ import annotations

from typing import Any

from vertex_flow.texts import describe_seconds, describe_value, plain


def render(template: str, **values: Any) -> str:
    """Fill a template of `vertex_flow/report/templates/notebook`.

    Args:
        template: Its name, without `.html`.
        values: What it needs.

    Returns:
        HTML; every value in it is escaped, and control characters are shown as escapes.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("vertex_flow.report", "templates/notebook"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plain=_plain, value=describe_value, seconds=describe_seconds)
    return environment.get_template(f"{template}.html").render(**values).strip()


def _plain(value: Any) -> str:
    return plain(str(value))
