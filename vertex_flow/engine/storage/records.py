"""What a bucket's folder and its files cannot hold, in a SQLite file beside them."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.engine.api.errors import disk_full
from vertex_flow.engine.storage.refusals import no_space

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    changed INTEGER NOT NULL,
    size INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (bucket, name, changed, size)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, began REAL NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS projects (number TEXT PRIMARY KEY, id TEXT NOT NULL);
"""

Facts = dict[str, Any]


@attrs.frozen
class Version:
    """A state of a file: facts about another one are not true of it.

    Attributes:
        changed: When the file was last written, in nanoseconds since 1970.
        size: Its size in bytes.
    """

    changed: int
    size: int


FOLDER = Version(0, 0)  # the state of every folder: what is in it does not count


class Records:
    """What is known of buckets, objects, uploads and projects; any thread may use it.

    Args:
        path: The SQLite file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def object(self, bucket: str, name: str, version: Version) -> Facts | None:
        """Give what is known of an object in this state of its file, or None."""
        sql = "SELECT facts FROM objects WHERE bucket=? AND name=? AND changed=? AND size=?"
        return self._one(sql, (bucket, name, version.changed, version.size))

    def keep_object(self, bucket: str, name: str, version: Version, facts: Facts) -> None:
        """Keep facts about an object; those about other states of its file stay."""
        sql = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)"
        values = (bucket, name, version.changed, version.size, json.dumps(facts))
        self._write(sql, values)

    def forget_object(self, bucket: str, name: str, *, but: Version | None = None) -> None:
        """Forget an object, but for one state of its file."""
        kept = but or Version(-1, -1)
        sql = "DELETE FROM objects WHERE bucket=? AND name=? AND NOT (changed=? AND size=?)"
        self._write(sql, (bucket, name, kept.changed, kept.size))

    def folders(self, bucket: str) -> set[str]:
        """Give the names of the folders that are objects; each ends with `/`."""
        sql = "SELECT name FROM objects WHERE bucket=? AND changed=0 AND substr(name, -1)='/'"
        return {row[0] for row in self._read(sql, (bucket,))}

    def bucket(self, name: str) -> Facts | None:
        """Give what is known of a bucket, or None."""
        return self._one("SELECT facts FROM buckets WHERE name=?", (name,))

    def keep_bucket(self, name: str, facts: Facts) -> None:
        """Keep facts about a bucket."""
        self._write("INSERT OR REPLACE INTO buckets VALUES (?, ?)", (name, json.dumps(facts)))

    def forget_bucket(self, name: str) -> None:
        """Forget a bucket and its objects."""
        self._write("DELETE FROM objects WHERE bucket=?", (name,))
        self._write("DELETE FROM buckets WHERE name=?", (name,))

    def upload(self, upload_id: str) -> Facts | None:
        """Give what is known of an upload, or None."""
        return self._one("SELECT facts FROM uploads WHERE id=?", (upload_id,))

    def uploads(self) -> frozenset[str]:
        """Give the ids of all uploads."""
        return frozenset(row[0] for row in self._read("SELECT id FROM uploads", ()))

    def keep_upload(self, upload_id: str, began: float, facts: Facts) -> None:
        """Keep facts about an upload that began at a time, in seconds since 1970."""
        sql = "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?)"
        self._write(sql, (upload_id, began, json.dumps(facts)))

    def forget_upload(self, upload_id: str) -> None:
        """Forget an upload."""
        self._write("DELETE FROM uploads WHERE id=?", (upload_id,))

    def forget_uploads(self, before: float) -> None:
        """Forget the uploads that began before a time."""
        self._write("DELETE FROM uploads WHERE began<?", (before,))

    def project(self, number: str) -> str | None:
        """Give the id of the project that has a number, when it was asked for before."""
        rows = self._read("SELECT id FROM projects WHERE number=?", (number,))
        return rows[0][0] if rows else None

    def keep_project(self, number: str, project: str) -> None:
        """Keep the number of a project."""
        self._write("INSERT OR IGNORE INTO projects VALUES (?, ?)", (number, project))

    def _one(self, sql: str, values: Sequence[Any]) -> Facts | None:
        rows = self._read(sql, values)
        if not rows:
            return None
        facts: Facts = json.loads(rows[0][0])
        return facts

    def _read(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        try:
            with self._lock:
                self._db.execute(sql, values)
        except sqlite3.OperationalError as error:
            if disk_full(error):
                raise no_space() from error
            raise
