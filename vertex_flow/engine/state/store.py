"""The engine's resources, in one SQLite file."""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from vertex_flow.engine.api.errors import (
    already_exists,
    disk_full,
    not_found,
    out_of_disk,
    unavailable,
)
from vertex_flow.engine.api.messages import decode, encode, full_name, raw_kind, short_name
from vertex_flow.engine.state import filters, paging
from vertex_flow.errors import ApiError

_log = logging.getLogger(__name__)

M = TypeVar("M")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT NOT NULL,
    message BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS resources_by_parent ON resources (kind, parent);
CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notes (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
"""
# Shorter messages are stored as they are; a pipeline's spec shrinks to a tenth.
_LONG = 1024
# No message begins with this byte: it would be a field with the number 0.
_PACKED = b"\0"


class Store:
    """The engine's resources; what a method has stored survives a kill at any moment.

    Messages are keyed by their `name`. One thread uses a store. Beside the resources there are
    notes: what the engine must know of its own work, to go on with it after a kill.

    Args:
        path: The SQLite file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        with _disk():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            # A write-ahead log is whole after a kill, and one sync a checkpoint keeps writes quick.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        self._kept: dict[str, bytes] = {}
        self._open = False
        self._sealed = False
        self._maker: ContextVar[tuple[str, str] | None] = ContextVar("maker", default=None)

    def close(self) -> None:
        """Close the file."""
        if not self._sealed:
            self._write_kept()
        self._db.close()

    def seal(self) -> None:
        """Refuse to store anything from here on.

        What is under way is then found by the next engine as a kill would have left it.
        """
        self._sealed = True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Store all that is written inside, or nothing of it; nothing may be awaited inside."""
        if self._open or self._sealed:
            yield
            return
        if self._kept:
            self._write_kept()
        self._open = True
        try:
            with _disk():
                self._db.execute("BEGIN IMMEDIATE")
            yield
            with _disk():
                self._db.execute("COMMIT")
        finally:
            self._open = False
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def insert(self, message: Any) -> None:
        """Store a new resource.

        Raises:
            ApiError: ALREADY_EXISTS, or RESOURCE_EXHAUSTED when the disk is full.
        """
        sql = "INSERT INTO resources (name, kind, parent, message) VALUES (?, ?, ?, ?)"
        try:
            with self.transaction():
                self._write(sql, _row(message))
                self._sign(message)
        except sqlite3.IntegrityError as error:
            kind = short_name(type(message))
            raise already_exists(f'The {kind} "{message.name}" already exists.') from error

    def save(self, message: Any) -> None:
        """Store a resource, new or not, under its `name`.

        Raises:
            ApiError: RESOURCE_EXHAUSTED when the disk is full; what was stored stays.
        """
        sql = (
            "INSERT INTO resources (name, kind, parent, message) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET message = excluded.message, kind = excluded.kind"
        )
        with self.transaction():
            if self._maker.get() and self.find(type(message), message.name) is None:
                self._sign(message)
            self._write(sql, _row(message))
        self._kept.pop(message.name, None)

    def keep(self, message: Any) -> None:
        """Store how a resource ended; on a full disk in memory, until there is space again.

        Readers then find the end all the same, instead of waiting for it without end. When the
        engine ends before there is space, the next one finds the resource as it was before. A
        sealed store leaves it to the next engine to say how the resource ended.
        """
        if self._sealed:
            return
        try:
            self.save(message)
        except ApiError as error:
            _log.warning("%s is kept in memory: %s", message.name, error.message)
            self._kept[message.name] = encode(message)

    def get(self, kind: type[M], name: str) -> M:
        """Read a resource.

        Raises:
            ApiError: NOT_FOUND.
        """
        found = self.find(kind, name)
        if found is None:
            raise not_found(f'The {short_name(kind)} "{name}" does not exist.')
        return found

    def find(self, kind: type[M], name: str) -> M | None:
        """Read a resource, or None when there is none of this kind and name."""
        sql = "SELECT message FROM resources WHERE name = ? AND kind = ?"
        row = self._db.execute(sql, (name, full_name(kind))).fetchone()
        return None if row is None else decode(kind, self._kept.get(name) or _unpack(row[0]))

    def delete(self, name: str) -> None:
        """Forget a resource and its notes; does nothing when there is none of this name."""
        self._kept.pop(name, None)
        with self.transaction():
            self._write("DELETE FROM resources WHERE name = ?", (name,))
            self.forget_notes(name)

    def delete_below(self, name: str, *kinds: type[Any]) -> None:
        """Forget the resources of some kinds below a resource."""
        for kept in [one for one in self._kept if one.startswith(f"{name}/")]:
            del self._kept[kept]
        for kind in kinds:
            sql = "DELETE FROM resources WHERE kind = ? AND name >= ? AND name < ?"
            self._write(sql, (full_name(kind), *below(name)))

    def note(self, owner: str, key: str, value: bytes = b"") -> None:
        """Keep a note, in place of an earlier one with this key.

        Args:
            owner: The resource that it belongs to.
            key: What it is found by.
            value: What it says.
        """
        sql = "INSERT OR REPLACE INTO notes (owner, key, value) VALUES (?, ?, ?)"
        self._write(sql, (owner, key, value))

    def notes(self, owner: str) -> dict[str, bytes]:
        """Give the notes of a resource by their keys."""
        sql = "SELECT key, value FROM notes WHERE owner = ?"
        return dict(self._db.execute(sql, (owner,)))

    def forget_notes(self, owner: str) -> None:
        """Forget the notes of a resource."""
        self._write("DELETE FROM notes WHERE owner = ?", (owner,))

    @contextmanager
    def made_for(self, owner: str, key: str) -> Iterator[None]:
        """Note the resources that are made inside, together with each: a kill leaves both or none.

        Work that is begun inside, such as that of an operation, counts as inside.

        Args:
            owner: The resource that they are made for.
            key: Tells apart what else is made for it.
        """
        token = self._maker.set((owner, key))
        try:
            yield
        finally:
            self._maker.reset(token)

    def made(self, owner: str, key: str) -> Sequence[str]:
        """Name the resources that were made inside `made_for` and are there, oldest first."""
        prefix = f"{key}/"
        names = [note[len(prefix) :] for note in self.notes(owner) if note.startswith(prefix)]
        sql = "SELECT number FROM resources WHERE name = ?"
        rows = {name: self._db.execute(sql, (name,)).fetchone() for name in names}
        return sorted((name for name in names if rows[name]), key=lambda name: rows[name])

    def all(self, kind: type[M]) -> list[M]:
        """Read every resource of a kind, oldest first."""
        sql = "SELECT name, message FROM resources WHERE kind = ? ORDER BY number"
        rows = self._db.execute(sql, (full_name(kind),))
        return [decode(kind, self._kept.get(name) or _unpack(data)) for name, data in rows]

    def list(  # noqa: PLR0913 - the arguments that the API has
        self,
        kind: type[M],
        parent: str,
        *,
        filter: str = "",
        page_size: int = 0,
        page_token: str = "",
        order_by: str = "",
        relations: Mapping[str, filters.Relation] | None = None,
    ) -> tuple[list[M], str]:
        """Read one page of a collection, newest first unless told otherwise.

        Args:
            kind: The resources' message class.
            parent: What they are in, for example `projects/p/locations/l`; `-` stands for any
                project or location.
            filter: See `filters`.
            page_size: The most resources in a page, 0 to 1000; 0 stands for 100.
            page_token: Where the page starts, from the call before.
            order_by: Fields separated by commas, each with or without `desc`.
            relations: What the functions in a filter stand for.

        Returns:
            The page, and the token of the next one; empty when this is the last.

        Raises:
            ApiError: INVALID_ARGUMENT that names what was not understood.
        """
        descriptor = raw_kind(kind).DESCRIPTOR
        order = paging.order(order_by, descriptor)
        query = [full_name(kind), parent, filter, order_by]
        start = paging.start(page_token, query)
        matches = filters.matcher(filter, descriptor, relations)
        rows = [
            paging.Place(order(message), number, message)
            for number, message in self._children(kind, parent, matches.names)
            if matches(message)
        ]
        rows = order.sorted(rows)
        if start is not None:
            rows = [row for row in rows if order.compare(row, start) > 0]
        size = paging.size(page_size)
        token = paging.token(rows[size - 1], query) if len(rows) > size else ""
        return [row.message for row in rows[:size]], token

    def new_id(self) -> str:
        """Make an id that no resource has: a random 19-digit number, as Vertex AI gives."""
        return str(10**18 + secrets.randbelow(8 * 10**18))

    def recall(self, key: str) -> dict[str, Any] | None:
        """Give what `remember` kept under a key, or None."""
        row = self._db.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        value: dict[str, Any] = json.loads(row[0])
        return value

    def remember(self, key: str, value: dict[str, Any]) -> None:
        """Keep a JSON object under a key."""
        sql = "INSERT OR REPLACE INTO memory (key, value) VALUES (?, ?)"
        self._write(sql, (key, json.dumps(value)))

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Sequence[tuple[Any, ...]]:
        """Read rows of a table that stands beside the resources, see `links` and `points`."""
        return self._db.execute(sql, values).fetchall()

    def write(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Change a table that stands beside the resources.

        Raises:
            ApiError: RESOURCE_EXHAUSTED when the disk is full.
        """
        self._write(sql, values)

    def _children(
        self, kind: type[M], parent: str, names: frozenset[str] | None
    ) -> Iterator[tuple[int, M]]:
        pattern = "/".join("*" if part == "-" else _literal(part) for part in parent.split("/"))
        depth = parent.count("/")
        sql = "SELECT number, name, parent, message FROM resources WHERE kind = ? AND parent GLOB ?"
        values = [full_name(kind), pattern]
        if names is not None:
            # The plus signs keep SQLite from reading the whole collection.
            sql = sql.replace("kind =", "+kind =").replace("parent GLOB", "+parent GLOB")
            sql += " AND name IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(sorted(names)))
        for number, name, found, data in self._db.execute(sql, values):
            if found.count("/") == depth:
                yield number, decode(kind, self._kept.get(name) or _unpack(data))

    def _sign(self, message: Any) -> None:
        """Note whom a new resource was made for."""
        maker = self._maker.get()
        if maker is not None:
            owner, key = maker
            self.note(owner, f"{key}/{message.name}")

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        if self._sealed:
            raise unavailable("The engine is stopping: nothing is stored any more.")
        if self._kept and not self._open:
            self._write_kept()
        with _disk():
            self._db.execute(sql, values)

    def _write_kept(self) -> None:
        """Store what `keep` holds in memory, as far as there is space."""
        sql = "UPDATE resources SET message = ? WHERE name = ?"
        with suppress(ApiError), _disk():
            for name, data in list(self._kept.items()):
                self._db.execute(sql, (_pack(data), name))
                del self._kept[name]


def below(name: str) -> tuple[str, str]:
    """Give the range of the names that start with a name and a slash; "0" follows the slash."""
    return f"{name}/", f"{name}0"


def _row(message: Any) -> tuple[str, str, str, bytes]:
    parent = message.name.rsplit("/", 2)[0]
    return message.name, full_name(type(message)), parent, _pack(encode(message))


def _pack(data: bytes) -> bytes:
    return data if len(data) < _LONG else _PACKED + zlib.compress(data, 1)


def _unpack(data: bytes) -> bytes:
    return zlib.decompress(data[1:]) if data[:1] == _PACKED else data


def _literal(part: str) -> str:
    """Escape what GLOB gives a meaning."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in part)


@contextmanager
def _disk() -> Iterator[None]:
    """Turn SQLite's word for a full disk into the API's."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if disk_full(error):
            raise out_of_disk("storing a resource") from error
        raise
