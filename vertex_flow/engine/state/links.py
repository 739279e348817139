"""Links between resources: one table, read from either end."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from vertex_flow.engine.state.store import Store

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS links (
        kind TEXT NOT NULL,
        source INTEGER NOT NULL,
        target INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (kind, source, target)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS links_by_target ON links (kind, target)",
)
# Rows have the numbers of resources, as names are long; the resources' table gives the names.
_NUMBER = "(SELECT number FROM resources WHERE name = ?)"
_NAMED = (
    "SELECT links.kind, one.name, other.name, links.data FROM links "
    "JOIN resources AS one ON one.number = links.source "
    "JOIN resources AS other ON other.number = links.target WHERE links.kind = ? AND "
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
    """Links between resources; at most one of a kind between two. They end with either of them.

    Args:
        store: Has the resources, and the table.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        for statement in _SCHEMA:
            store.write(statement)

    def add(self, link: Link) -> None:
        """Store a link between two resources; one that is there already stays as it is."""
        sql = f"INSERT OR IGNORE INTO links VALUES (?, {_NUMBER}, {_NUMBER}, ?)"  # noqa: S608
        self._store.write(sql, (link.kind, link.source, link.target, link.data))

    def remove(self, kind: str, source: str, target: str) -> None:
        """Forget a link; does nothing when it is not there."""
        sql = f"DELETE FROM links WHERE kind = ? AND source = {_NUMBER} AND target = {_NUMBER}"  # noqa: S608
        self._store.write(sql, (kind, source, target))

    def of(self, kinds: Iterable[str], name: str) -> list[Link]:
        """Give the links of some kinds that start from a resource or lead to it."""
        found = []
        for kind in kinds:
            for end in ("source", "target"):
                sql = f"{_NAMED} links.{end} = {_NUMBER}"
                found += [Link(*row) for row in self._store.rows(sql, (kind, name))]
        return found

    def targets(self, kind: str, source: str) -> frozenset[str]:
        """Give the names that links of a kind lead to from a resource."""
        rows = self._store.rows(f"{_NAMED} links.source = {_NUMBER}", (kind, source))
        return frozenset(target for _, _, target, _ in rows)

    def sources(self, kind: str, target: str) -> frozenset[str]:
        """Give the names that links of a kind to a resource start from."""
        rows = self._store.rows(f"{_NAMED} links.target = {_NUMBER}", (kind, target))
        return frozenset(source for _, source, _, _ in rows)

    def forget(self, kinds: Iterable[str], name: str) -> None:
        """Forget the links of some kinds that start from a resource or lead to it."""
        for kind in kinds:
            for end in ("source", "target"):
                sql = f"DELETE FROM links WHERE kind = ? AND {end} = {_NUMBER}"  # noqa: S608
                self._store.write(sql, (kind, name))

    def sweep(self) -> None:
        """Forget the links of resources that are gone."""
        for end in ("source", "target"):
            sql = f"DELETE FROM links WHERE {end} NOT IN (SELECT number FROM resources)"  # noqa: S608
            self._store.write(sql)
