"""Writes the tables of Cloud Storage in google-clients.md: `python -m docs.storage_table`."""

from __future__ import annotations

from collections.abc import Mapping

from docs.marked import DOCS, rewritten, table
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED
from vertex_flow.engine.storage.parameters import PARAMETERS
from vertex_flow.engine.storage.settings import BUCKET, OBJECT

PAGE = DOCS / "google-clients.md"
NAME = "cloud storage"


def content() -> str:
    """A row for each level of objects, buckets and parameters."""
    kinds = {"objects": OBJECT, "buckets": BUCKET, "query parameters": PARAMETERS}
    rows = [
        [of, level, ", ".join(f"`{name}`" for name in _names(levels, level))]
        for of, levels in kinds.items()
        for level in (HONOURED, SIMULATED, REFUSED)
    ]
    return table(["of", "are", "these"], rows)


def page() -> str:
    """The page as it should be."""
    return rewritten(PAGE.read_text(encoding="utf-8"), NAME, content())


def _names(levels: Mapping[str, str], level: str) -> list[str]:
    return sorted(name for name, one in levels.items() if one == level)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
