"""Writes the table of methods and fields in engine.md: `python -m docs.engine_table`."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from docs.marked import DOCS, rewritten, table
from vertex_flow.engine import honesty
from vertex_flow.engine.engine import Engine
from vertex_flow.engine.honesty import Row
from vertex_flow.engine.state.home import Home

PAGE = DOCS / "engine.md"
NAME = "methods and fields"
_PREFIX = "projects.locations."


def content() -> str:
    """The methods by collection, then the fields by message."""
    rows = _rows()
    methods = [row for row in rows if row.message.startswith(_PREFIX)]
    fields = [row for row in rows if not row.message.startswith(_PREFIX)]
    return "\n\n".join(["### Methods", _methods(methods), *_messages(fields)])


def page() -> str:
    """The page as it should be."""
    return rewritten(PAGE.read_text(encoding="utf-8"), NAME, content())


def _rows() -> tuple[Row, ...]:
    """Ask an engine what it serves; it is never started."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.create()
        engine = Engine(home, endpoint="http://127.0.0.1:0")
        try:
            return honesty.table(engine.router.rpcs)
        finally:
            asyncio.run(engine.close())


def _methods(rows: Iterable[Row]) -> str:
    served: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        collection, _, verb = row.message.removeprefix(_PREFIX).rpartition(".")
        text = f"`{verb}`" + (f" ({row.note})" if row.note else "")
        served[collection, row.level].append(text)
    return table(
        ["collection", "methods", "here"],
        [
            [f"`{collection}`", ", ".join(verbs), level]
            for (collection, level), verbs in served.items()
        ],
    )


def _messages(rows: Iterable[Row]) -> list[str]:
    messages: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        field = f"`{row.field}`" if row.field else "(the message)"
        messages[row.message].append([field, row.level, row.note])
    return [
        f"### {message}\n\n{table(['field', 'here', 'note'], lines)}"
        for message, lines in messages.items()
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
