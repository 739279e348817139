"""Links between resources: one table, read from either end."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from vertex_flow.engine.state.store import Store, below

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS links (
        kind TEXT NOT NULL,
        source TEXT NOT NULL,
        target TEXT NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (kind, source, target)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS links_by_target ON links (kind, target)",
)


@attrs.frozen
class Link:
    """A link from one resource to another.

    Attributes:
        kind: What it says.
        source: Name of the resource that it starts from.
        target: Name of the resource that it leads to.
        data: What more is known of it.
    """

    kind: str
    source: str
    target: str
    data: bytes = b""


class Links:
    """Links between resources; at most one of a kind between two.

    Args:
        store: Has the table; the resources need not be in it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        for statement in _SCHEMA:
            store.write(statement)

    def add(self, link: Link) -> None:
        """Store a link; one that is there already stays as it is."""
        sql = "INSERT OR IGNORE INTO links (kind, source, target, data) VALUES (?, ?, ?, ?)"
        self._store.write(sql, attrs.astuple(link))

    def remove(self, kind: str, source: str, target: str) -> None:
        """Forget a link; does nothing when it is not there."""
        sql = "DELETE FROM links WHERE kind = ? AND source = ? AND target = ?"
        self._store.write(sql, (kind, source, target))

    def of(self, kinds: Iterable[str], name: str) -> list[Link]:
        """Give the links of some kinds that start from a resource or lead to it."""
        found = []
        for kind in kinds:
            for end in ("source", "target"):
                sql = f"SELECT * FROM links WHERE kind = ? AND {end} = ?"  # noqa: S608 - two words
                found += [Link(*row) for row in self._store.rows(sql, (kind, name))]
        return found

    def targets(self, kind: str, source: str) -> frozenset[str]:
        """Give the names that links of a kind lead to from a resource."""
        sql = "SELECT target FROM links WHERE kind = ? AND source = ?"
        return frozenset(name for (name,) in self._store.rows(sql, (kind, source)))

    def sources(self, kind: str, target: str) -> frozenset[str]:
        """Give the names that links of a kind to a resource start from."""
        sql = "SELECT source FROM links WHERE kind = ? AND target = ?"
        return frozenset(name for (name,) in self._store.rows(sql, (kind, target)))

    def forget(self, kinds: Iterable[str], name: str) -> None:
        """Forget the links of some kinds that start from a resource or lead to it."""
        for kind in kinds:
            self._store.write("DELETE FROM links WHERE kind = ? AND source = ?", (kind, name))
            self._store.write("DELETE FROM links WHERE kind = ? AND target = ?", (kind, name))

    def forget_below(self, name: str) -> None:
        """Forget the links from or to all resources below a resource."""
        for end in ("source", "target"):
            sql = f"DELETE FROM links WHERE {end} >= ? AND {end} < ?"  # noqa: S608 - two words
            self._store.write(sql, below(name))
