"""A standing engine that is killed and started again, and looked at from outside."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.program import processes
from vertex_flow.engine.standing import StandingEngine

PARENT = "projects/p/locations/us-central1"


class Place:
    """The engine of one folder; every call waits for an engine that is being started."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.engine = StandingEngine.up(self.home)
        self.kills = 0
        self._http = httpx.Client(timeout=60, verify=False, trust_env=False)

    def kill(self) -> None:
        """Kill the engine, start it again, and see that nothing of the old one is left."""
        os.kill(self.engine.pid, signal.SIGKILL)
        before = set(processes(self.home))
        self.kills += 1
        self.engine = StandingEngine.up(self.home)
        left = before & set(processes(self.home))
        assert not left, f"processes of the engine that was killed: {left}"

    def close(self) -> None:
        self._http.close()
        self.engine.down()

    def call(self, verb: str, path: str, body: object = None, **query: object) -> dict[str, Any]:
        answer = self._http.request(
            verb,
            f"{self.engine.endpoint}/v1/{path}",
            json=body,
            params={name: str(value) for name, value in query.items()},
            headers={"authorization": f"Bearer {self.engine.token}"},
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def create(self, spec: Mapping[str, Any], **params: object) -> str:
        config = {"gcsOutputDirectory": "gs://bucket/root", "parameterValues": params}
        body = {"pipelineSpec": spec, "runtimeConfig": config}
        name: str = self.call("POST", f"{PARENT}/pipelineJobs", body)["name"]
        return name

    def job(self, name: str) -> dict[str, Any]:
        return self.call("GET", name)

    def over(self, name: str) -> bool:
        state = self.job(name)["state"].rpartition("_")[2]
        return state in ("SUCCEEDED", "FAILED", "CANCELLED")

    def finish(self, name: str) -> dict[str, Any]:
        until(lambda: self.over(name))
        return self.job(name)

    def list(self, collection: str, parent: str = PARENT) -> list[dict[str, Any]]:
        """Give a whole collection, oldest first."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.call("GET", f"{parent}/{collection}", pageSize=1000, pageToken=token)
            items += page.get(collection, [])
            token = page.get("nextPageToken", "")
            if not token:
                return items[::-1]

    def holds(self) -> dict[str, int]:
        """Count what the engine's own process holds."""
        proc = Path(f"/proc/{self.engine.pid}")
        return {
            "descriptors": len(list((proc / "fd").iterdir())),
            "threads": len(list((proc / "task").iterdir())),
            "processes": len(processes(self.home)),
            "scratch": len(list((self.home / "tmp").iterdir())),
            "listening": _listening(processes(self.home)),
        }

    def resident(self) -> int:
        """Memory of the engine's own process, in bytes."""
        pages = int(Path(f"/proc/{self.engine.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stored(self) -> int:
        """Size of the database, in bytes; its log beside it has a size of its own."""
        return self._ask("PRAGMA page_count") * self._ask("PRAGMA page_size")

    def log_size(self) -> int:
        """Size of the database's write-ahead log, in bytes."""
        return (self.home / "engine.db-wal").stat().st_size

    def notes(self) -> int:
        """Count what the engine noted of work that was under way."""
        return self._ask("SELECT count(*) FROM notes")

    def _ask(self, sql: str) -> int:
        with closing(sqlite3.connect(self.home / "engine.db")) as db:
            count: int = db.execute(sql).fetchone()[0]
        return count


def until(holds: Callable[[], Any]) -> None:
    """Wait until something holds; the test's own time limit ends the wait."""
    while not holds():
        time.sleep(0.02)


def _listening(pids: Mapping[int, str]) -> int:
    """Count the sockets of some processes that listen for TCP connections."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}
    return sum(link in listening for pid in pids for link in _links(pid))


def _links(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.add(str(entry.readlink()))
        except OSError:
            continue  # closed meanwhile
    return found
