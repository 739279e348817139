"""The warm parent: a process that has imported heavy packages and never executed anything of them.

Programs are forked from it, which takes milliseconds where an import takes seconds. It is one
thread and one loop: requests come in through a socket, exits go out through it. When the socket
closes, because the engine ended or was killed, it ends every process group that it started.

Forking is only safe before TensorFlow has executed an operation: afterwards its thread pools are
there, the children do not have them, and every child hangs at its first operation. This is why
user code is imported in the children alone, and why the parent says that it is unusable when it
finds threads or an initialised TensorFlow after the imports.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from vertex_flow.engine.processes import child
from vertex_flow.engine.processes.wire import Message, encode, receive

_PRIVATE = frozenset({"__main__", "vertex_flow"})


def main() -> None:
    """Serve until the engine is gone; in a forked child, run the program that was asked for."""
    options = json.loads(sys.argv[1])
    base = sys.path[1:]
    sock = socket.socket(fileno=options["socket"])
    child.die_with_parent(signal.SIGKILL)  # until the loop below can see that the engine is gone
    child.adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    obstacle = preload(options["imports"])
    gc.collect()
    gc.freeze()
    child.die_with_parent(0)
    request = Zygote(sock, options["held"]).serve(obstacle)
    if request is not None:
        child.run(request, base)


def preload(names: list[str]) -> str | None:
    """Import packages for the children.

    Args:
        names: Modules to import; one that is not installed is left to the children to miss.

    Returns:
        Why this process must not be forked, or None when all is well.
    """
    _preload_kfp()
    for name in names:
        try:
            if importlib.util.find_spec(name.partition(".")[0]) is not None:
                importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        except BaseException as error:
            return f"importing {name} failed: {type(error).__name__}: {error}"
    if threading.active_count() > 1:
        running = ", ".join(thread.name for thread in threading.enumerate())
        return f"the imports started threads: {running}"
    if _tensorflow_has_executed():
        return "the imports executed TensorFlow operations"
    return None


def _preload_kfp() -> None:
    # The slim form of kfp, which executors use; other children forget it.
    os.environ["_KFP_RUNTIME"] = "true"
    with suppress(Exception):
        importlib.import_module("kfp.dsl.executor")
    del os.environ["_KFP_RUNTIME"]


def _tensorflow_has_executed() -> bool:
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    return bool(getattr(context, "_initialized", False))


def _origins() -> dict[str, str]:
    """Give the folder of each top-level module that a user's module could stand in front of."""
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        frozen = getattr(getattr(module, "__spec__", None), "origin", None) == "frozen"
        if "." in name or not file or frozen or name in _PRIVATE:
            continue
        path = Path(file).resolve()
        found[name] = str(path.parents[1] if path.stem == "__init__" else path.parent)
    return found


class Zygote:
    """The loop of a warm parent.

    Attributes:
        socket: Connection to the engine.
        held: Descriptors of locks that say that this process lives; its children have none.
    """

    def __init__(self, connection: socket.socket, held: Iterable[int] = ()) -> None:
        self.socket = connection
        self.held = tuple(held)
        self._pids: set[int] = set()
        self._wake, self._bell = socket.socketpair()
        for end in (self._wake, self._bell):
            end.setblocking(False)

    def serve(self, obstacle: str | None) -> Message | None:
        """Answer requests.

        Args:
            obstacle: Why Python programs must not be forked from here, or None.

        Returns:
            In a forked child, the request it is to run; None when the engine is gone.
        """
        signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._tell({"event": "ready", "obstacle": obstacle, "origins": _origins()})
        while True:
            ready, _, _ = select.select([self.socket, self._wake], [], [])
            if self._wake in ready:
                self._reap()
            if self.socket not in ready:
                continue
            request = receive(self.socket)
            if request is None:
                self._end()
                return None
            if self._obey(request):
                return request

    def _obey(self, request: Message) -> bool:
        """Do what is asked; True in a child that is to run a Python program."""
        if request["do"] == "signal":
            self._signal(request["pid"], request["signal"])
            return False
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            parent = os.getpid()
            pid = os.fork()
        except OSError as error:
            self._tell({"event": "refused", "id": request["id"], "reason": str(error)})
            return False
        if pid == 0:
            self._become(request, parent)
            return True
        self._pids.add(pid)
        self._tell({"event": "started", "id": request["id"], "pid": pid})
        return False

    def _become(self, request: Message, parent: int) -> None:
        for end in (self.socket, self._wake, self._bell):
            end.close()
        for lock in self.held:
            os.close(lock)
        try:
            child.settle(request, parent)
        except OSError as error:
            os.write(2, f"cannot start {request['argv'][0]}: {error}\n".encode())
            os._exit(child.CANNOT_EXECUTE)
        if not request.get("module") and not request.get("script"):
            child.execute(request)

    def _signal(self, pid: int, number: int) -> None:
        if pid not in self._pids:
            return
        try:
            os.killpg(pid, number)
        except ProcessLookupError:  # it has not made its session yet
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        except PermissionError:  # macOS says so of a group that consists of a zombie
            pass

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            while self._wake.recv(512):
                pass
        while True:
            try:
                pid, status = self._next_exit()
            except ChildProcessError:
                return  # there are no children
            if pid == 0:
                return
            self._end_orphans()
            if pid not in self._pids:
                continue  # an orphan
            self._pids.discard(pid)
            code = os.waitstatus_to_exitcode(status)
            self._tell(
                {
                    "event": "exit",
                    "pid": pid,
                    "code": code if code >= 0 else None,
                    "signal": -code if code < 0 else None,
                }
            )

    def _end_orphans(self) -> None:
        """End what a child has left behind in sessions of its own.

        A child adopts the orphans among its descendants, so the strangers among this process's
        children are those of a child that has ended. Their children come here in turn.
        """
        for pid in _children() - self._pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _next_exit(self) -> tuple[int, int]:
        """Wait for one that has ended, having ended what is left of its group.

        The leader is still a zombie while its group is killed, so that no other process can have
        got its number in between.
        """
        if hasattr(os, "waitid"):
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if info is None:
                return 0, 0
            self._signal(info.si_pid, signal.SIGKILL)
            return os.waitpid(info.si_pid, 0)
        pid, status = os.waitpid(-1, os.WNOHANG)
        self._signal(pid, signal.SIGKILL)
        return pid, status

    def _end(self) -> None:
        for pid in self._pids:
            self._signal(pid, signal.SIGKILL)
        for pid in self._pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._pids.clear()
        while orphans := _children():
            self._end_orphans()
            for pid in orphans:
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _tell(self, message: Message) -> None:
        # When the engine is gone the next read says so, and the loop ends.
        with suppress(ConnectionError):
            self.socket.sendall(encode(message))


def _children() -> set[int]:
    """Give the children of this process; none where the kernel does not tell."""
    try:
        return set(map(int, Path("/proc/thread-self/children").read_text().split()))
    except OSError:
        return set()


if __name__ == "__main__":
    main()
