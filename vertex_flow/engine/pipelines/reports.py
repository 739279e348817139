"""The reports of runs: a short program of the package writes each when its run has ended."""

from __future__ import annotations

import asyncio
import html
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from vertex_flow.engine.processes import Command, Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.errors import VertexFlowError

_log = logging.getLogger(__name__)

VARIABLE = "VERTEX_FLOW_REPORTS"
"""Set to `off` where the engine starts, it has no reports written."""

_PROGRAM = "vertex_flow.runs.reporting"  # by its name: it imports what the engine does not
# What of it is slow to import; other programs of a run need it too.
_IMPORTS = frozenset({"google.cloud.aiplatform_v1"})
_SECONDS = 180.0  # that a program may take
_WAITING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<meta name="color-scheme" content="light dark"><title>Report of {job}</title></head>
<body style="font-family: system-ui, sans-serif; margin: 2rem">
<h1>The report is being written</h1>
<p>Run {job} has ended, and this page shows its report in a few seconds. Should it not come:
<code>vertex-flow report {job}</code></p></body></html>
"""


class Reports:
    """Has the reports of runs written, one after the other, at a low priority.

    They never fail or delay a run: what goes wrong is in the engine's log.

    Args:
        home: The engine's folder; the reports are in `reports` there.
        launcher: Starts the programs, which end with the engine.
        environ: The environment, in which `VERTEX_FLOW_REPORTS=off` turns them off.
    """

    def __init__(
        self, home: Home, launcher: Launcher, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._home = home
        self._launcher = launcher
        self._on = environ.get(VARIABLE, "").lower() not in ("off", "0", "false", "no")
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, name: str) -> None:
        """Have the report of a run written soon; until then the file says so.

        Args:
            name: Resource name of the pipeline job, which is over.
        """
        if not self._on:
            return
        path = self._path(name)
        try:
            path.parent.mkdir(exist_ok=True)
            page = _WAITING.format(job=html.escape(name.rpartition("/")[2]))
            path.write_text(page, encoding="utf-8")
        except OSError as error:
            _log.warning("there is no report of %s: %s", name, error)
            return
        task = asyncio.get_running_loop().create_task(self._write(name, path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, name: str) -> None:
        """Remove the report of a run that is deleted."""
        self._path(name).unlink(missing_ok=True)

    async def finish(self, seconds: float) -> None:
        """Wait until the reports that were begun are written.

        Args:
            seconds: The longest wait.
        """
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def close(self) -> None:
        """Give up what has not been written."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, name: str, path: Path) -> None:
        log = self._home.log("engine", "reports")
        command = Command(
            argv=("python", "-m", _PROGRAM, name, str(path)),
            cwd=_cwd(self._home),
            log=log,
            env={"VERTEX_FLOW_HOME": str(self._home.root)},
            imports=_IMPORTS,
        )
        try:
            async with self._turn:
                process = await self._launcher.start(command)
                try:
                    ended = await asyncio.wait_for(process.wait(), _SECONDS)
                except (asyncio.TimeoutError, asyncio.CancelledError):
                    await process.terminate(grace=0)
                    raise
        except (OSError, asyncio.TimeoutError, VertexFlowError) as error:
            _log.warning("the report of %s was not written: %r", name, error)
            return
        if not ended.ok:
            _log.warning(
                "the report of %s was not written: %s; see %s", name, ended.describe(), log
            )

    def _path(self, name: str) -> Path:
        return self._home.root / "reports" / f"{name.rpartition('/')[2]}.html"


def _cwd(home: Home) -> Path:
    """The engine's working directory, near which the settings of a project are."""
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was deleted
        return home.root
