"""The points of time series: one table, a row for each series and step."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from vertex_flow.engine.state.store import Store, below

_SCHEMA = """
CREATE TABLE IF NOT EXISTS points (
    series TEXT NOT NULL,
    step INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (series, step)
) WITHOUT ROWID
"""


@attrs.frozen
class Point:
    """One point of a time series.

    Attributes:
        step: Its place in the series.
        data: What was measured.
    """

    step: int
    data: bytes


class Points:
    """The points of time series, by the series' resource name.

    Args:
        store: Has the table; the series need not be in it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        store.write(_SCHEMA)

    def write(self, series: str, points: Iterable[Point]) -> None:
        """Store points; one at a step that has one takes its place."""
        sql = "INSERT OR REPLACE INTO points (series, step, data) VALUES (?, ?, ?)"
        for point in points:
            self._store.write(sql, (series, point.step, point.data))

    def read(self, series: str) -> list[Point]:
        """Give the points of a series by step."""
        sql = "SELECT step, data FROM points WHERE series = ? ORDER BY step"
        return [Point(step, data) for step, data in self._store.rows(sql, (series,))]

    def size(self, above: str) -> int:
        """Give the bytes that the points of all series below a resource take."""
        sql = "SELECT TOTAL(LENGTH(data)) FROM points WHERE series >= ? AND series < ?"
        ((total,),) = self._store.rows(sql, below(above))
        return int(total)

    def forget(self, above: str) -> None:
        """Forget the points of a series, or of all series below a resource."""
        self._store.write("DELETE FROM points WHERE series = ?", (above,))
        sql = "DELETE FROM points WHERE series >= ? AND series < ?"
        self._store.write(sql, below(above))
