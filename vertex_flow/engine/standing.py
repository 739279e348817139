"""An engine that stands on its own: programs come and go, it stays."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from vertex_flow._version import __version__
from vertex_flow.engine import program
from vertex_flow.engine.joined import JoinedEngine
from vertex_flow.engine.state import presence
from vertex_flow.engine.state.presence import Presence
from vertex_flow.errors import ApiError, EngineError, HomeBusyError

_PATIENCE = 20.0  # how long it may take to end before it is killed, in seconds
_SETTLE = 40.0  # how long one that starts or ends may take to say so, in seconds
_PAUSE = 0.02
_SECONDS = 60.0
_COUNTED = ("pipelineJobs", "models", "endpoints")


class StandingEngine(JoinedEngine):
    """An engine that every program of this user may join, and that outlives them all.

    Attributes:
        home: The engine's folder.
        endpoint: Where it is reached, for example `http://127.0.0.1:41234`.
        token: What callers must show.
        pid: The engine's process.
        version: Version of the package that it runs.
        started: When it was started, as RFC 3339 has it.
        fresh: Whether the call that gave this object has started it.

    Example:
        ```python
        engine = StandingEngine.up(Path("my-engine"))
        print(engine.endpoint)
        engine.down()
        ```
    """

    def __init__(self, home: Path, facts: Presence, *, fresh: bool = False) -> None:
        super().__init__(home, facts)
        self.version = facts.version
        self.started = facts.started
        self.fresh = fresh

    @classmethod
    def find(
        cls, home: Path, *, patience: float = _SETTLE, silent: bool = False
    ) -> StandingEngine | None:
        """Find the standing engine of a folder.

        Args:
            home: Its folder.
            patience: How long to wait for one that is about to start or to end, in seconds.
            silent: Whether one that does not answer is given too.

        Returns:
            The engine; None when the folder is free, or when its engine belongs to one program.

        Raises:
            EngineError: There is one, and it does not answer.
        """
        home = home.expanduser().absolute()
        deadline = time.monotonic() + patience
        while presence.is_held(home):
            facts = presence.read(home)
            if facts is not None and not facts.standing:
                return None
            if facts is not None and (silent or program.answers(facts.endpoint, home)):
                return cls(home, facts)
            if time.monotonic() >= deadline:
                raise _silent(home, facts)
            time.sleep(_PAUSE)
        return None

    @classmethod
    def up(cls, home: Path, *, port: int = 0, timeout: float = 60) -> StandingEngine:
        """Start the standing engine of a folder, or find the one that is up.

        It is no child of this program: it goes on until `down`, or until the machine stops.

        Args:
            home: Its folder; made when it is not there.
            port: Its port on 127.0.0.1; 0 for any free one, or for that of the one that is up.
            timeout: The longest wait, in seconds.

        Raises:
            HomeBusyError: Another program has an engine of its own in the folder.
            PortInUseError: The port is taken.
            EngineError: It did not start, or one is up that has another port or version.
        """
        home = home.expanduser().absolute()
        deadline = time.monotonic() + timeout
        while True:
            found = cls.find(home)
            if found is not None:
                found.check(port=port)
                return found
            _refuse_owned(home)
            try:
                return cls(home, _start(home, port, timeout), fresh=True)
            except HomeBusyError:  # another `up` was quicker
                if time.monotonic() >= deadline:
                    raise

    def check(self, *, port: int = 0) -> None:
        """Refuse an engine that is not the one a program means.

        Args:
            port: The port that it was asked for at; 0 for any.

        Raises:
            EngineError: It has another port, or runs another version of this package.
        """
        again = f"vertex-flow down --home {self.home} && vertex-flow up --home {self.home}"
        if self.version != __version__:
            raise EngineError(
                f"the standing engine of {self.home} runs vertex_flow {self.version}, and this "
                f"program has {__version__}. Start it anew with this version: {again}."
            )
        if port not in (0, program.port_of(self.endpoint)):
            raise EngineError(
                f"the standing engine of {self.home} is at {self.endpoint}, not at port {port}. "
                f"Leave the port out to use it there, or move it: {again} --port {port}."
            )

    def now(self) -> StandingEngine:
        """Give the engine that stands in the folder now: it may have been restarted.

        Returns:
            This object when nothing has changed, or when none is up.
        """
        facts = presence.read(self.home)
        if facts is None or not facts.standing:
            return self
        return self if self.is_that_of(facts) else StandingEngine(self.home, facts)

    def holds(self) -> dict[str, int]:
        """Count the pipeline jobs, models and endpoints in it, by collection.

        Raises:
            ApiError: It does not answer, or not as an engine does.
        """
        return {collection: self._count(collection) for collection in _COUNTED}

    def read(self, path: str) -> dict[str, Any]:
        """Read a resource, or a page of a list, as plain JSON: quick, without Google's clients.

        Args:
            path: Path and query: `/v1/projects/…`.

        Raises:
            ApiError: It refuses, does not answer, or not as an engine does.
        """
        port = program.port_of(self.endpoint)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        try:
            with contextlib.closing(connection):
                connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
                answer = connection.getresponse()
                content: dict[str, Any] = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ApiError(
                503, "UNAVAILABLE", f"{self.endpoint} gave no answer: {error}."
            ) from error
        if answer.status >= 400:
            raise ApiError(answer.status, content["error"]["status"], content["error"]["message"])
        return content

    def down(self, *, patience: float = _PATIENCE) -> None:
        """End it and all that it runs; does nothing when it has ended.

        Args:
            patience: How long it may take to end in order before it is killed, in seconds.

        Raises:
            EngineError: Its process cannot be reached from here.
        """
        with _handle_of(self.pid) as handle:
            # The handle means this process, and none that gets its number later.
            if handle is not None and _has_open(self.pid, self.home / "lock"):
                _end(handle, patience)
        if presence.held_by(self.home) == self.pid:
            raise EngineError(
                f"the engine of {self.home} is process {self.pid} of another container or user, "
                "and cannot be ended from here. End it where it was started."
            )

    def _count(self, collection: str) -> int:
        count, token = 0, ""
        while True:
            query = {"pageSize": 1000, "readMask": "name", "pageToken": token}
            page = self.read(f"/v1/projects/-/locations/-/{collection}?{urlencode(query)}")
            count += len(page.get(collection, []))
            token = page.get("nextPageToken", "")
            if not token:
                return count


def _start(home: Path, port: int, timeout: float) -> Presence:
    process = program.spawn(home, port, "--detach", stdin=subprocess.DEVNULL)
    try:
        program.first_words(process, home, port=port, timeout=timeout)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        program.pipe(process.stdout).close()
        process.wait()  # what was started is its child, and no longer ours
    facts = presence.read(home)
    if facts is None:
        raise EngineError(
            f"the engine ended right after it had started; see {home / 'engine.log'}."
        )
    return facts


def _refuse_owned(home: Path) -> None:
    facts = presence.read(home)
    if facts is not None and not facts.standing:
        raise HomeBusyError(home, facts.parent or facts.pid)


def _silent(home: Path, facts: Presence | None) -> EngineError:
    pid = presence.held_by(home)
    if facts is None:
        return EngineError(
            f"the engine of {home}, process {pid}, is starting or ending and has not said where it "
            f"is reached. Try again, or end the process; its log is {home / 'engine.log'}."
        )
    return EngineError(
        f"the engine of {home}, process {pid}, does not answer at {facts.endpoint}. Try again, or "
        f"start it anew: vertex-flow down --home {home} && vertex-flow up --home {home}."
    )


def _has_open(pid: int, file: Path) -> bool:
    """Whether a process of this user has a file open."""
    try:
        wanted = file.stat()
        handles = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    for handle in handles:
        with contextlib.suppress(OSError):
            if os.path.samestat(handle.stat(), wanted):
                return True
    return False


@contextlib.contextmanager
def _handle_of(pid: int) -> Iterator[int | None]:
    """Open a handle of a process, which no later process of its number gets; None without one."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _end(handle: int, patience: float) -> None:
    """End a process in order, or by force when that takes too long; it may have ended."""
    for number, limit in ((signal.SIGTERM, patience), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)
        ended, _, _ = select.select([handle], [], [], limit)
        if ended:
            return
