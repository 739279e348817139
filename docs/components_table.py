"""Writes the tables of inputs and outputs in components.md: `python -m docs.components_table`."""

from __future__ import annotations

from typing import Any

from docs.marked import DOCS, rewritten, table
from vertex_flow import components

PAGE = DOCS / "components.md"
NAME = "inputs and outputs"
_TYPES = {
    "String": "str",
    "Integer": "int",
    "Float": "float",
    "Boolean": "bool",
    "List": "list",
    "Dict": "dict",
}


def content() -> str:
    """A section for each component, in the order of their names."""
    return "\n\n".join(_section(name) for name in sorted(components.__all__))


def page() -> str:
    """The page as it should be."""
    return rewritten(PAGE.read_text(encoding="utf-8"), NAME, content())


def _section(name: str) -> str:
    component = getattr(components, name)
    spec = component.component_spec
    inputs = [
        [f"`{key}`", _type(item.type), _default(item), item.description or ""]
        for key, item in (spec.inputs or {}).items()
    ]
    outputs = [
        [f"`{key}`", _type(item.type), item.description or ""]
        for key, item in (spec.outputs or {}).items()
    ]
    parts = [f"### {name}", " ".join(spec.description.split())]
    parts.append(table(["input", "type", "default", ""], inputs))
    parts.append(table(["output", "type", ""], outputs))
    return "\n\n".join(parts)


def _type(kind: str) -> str:
    """`system.Model@0.0.1` → `Model`, `Dict[String, Any]` → `dict`."""
    title = kind.partition("@")[0].partition("[")[0].rpartition(".")[2]
    return _TYPES.get(title, title)


def _default(item: Any) -> str:
    if not item.optional:
        return ""
    return f"`{item.default!r}`" if item.default is not None else "none"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
