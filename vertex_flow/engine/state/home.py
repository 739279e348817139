"""The folder in which the engine keeps everything."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from vertex_flow._version import __version__
from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.state.presence import Presence
from vertex_flow.errors import EngineError, HomeBusyError

_BUCKET = r"[a-z0-9][a-z0-9_.-]*"
# gs://bucket or /gcs/bucket at the start of a path, up to the end of the path. A quote, a comma, a
# bracket or white space ends it, so that paths inside JSON and comma-separated lists are found.
_BUCKET_PATH = re.compile(
    rf"(?:(?<![\w+.-])gs://|(?<![\w.~/-])/gcs/)(?P<bucket>{_BUCKET})(?P<rest>/[^\s\"',;<>\[\]{{}}]*)?"
)
_BUCKET_URI = re.compile(rf"(?:gs://|/gcs/)(?P<bucket>{_BUCKET})(?:/(?P<rest>.*))?", re.DOTALL)
# How long the processes of a killed engine may take to end, in seconds.
_LAST_WORDS = 30.0
_UNSAFE = re.compile(r"[^\w.@=+-]+")
_SECRET = re.compile(r"[\w-]{32,128}", re.ASCII)
# A program that looks whether the folder is held has the lock for an instant: tries, and seconds
# between two of them.
_TRIES, _PAUSE = 10, 0.02


class Home:
    """The folder in which the engine keeps everything; survives a kill at any moment.

    One engine uses a folder at a time: the lock is held by the kernel, so it is gone as soon as
    the process is, however it ended.

    Attributes:
        root: The folder, absolute.
        database: The file of the resources.
        storage: The folder in which `gs://<bucket>/...` is `<bucket>/...`.
        engine_log: The file that the engine's own log goes to.
        family: Descriptor of a lock that the parents of the engine's processes hold too, as long
            as any process is left; None when this process has not taken the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.database = self.root / "engine.db"
        self.storage = self.root / "storage"
        self.envs = self.root / "envs"
        self.engine_log = self.root / "engine.log"
        self._tmp = self.root / "tmp"
        self._lock: int | None = None
        self.family: int | None = None

    def __repr__(self) -> str:
        return f"Home({str(self.root)!r})"

    def create(self) -> None:
        """Make the folder and what belongs in it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.storage, self.root / "logs", self.envs, self._tmp):
            folder.mkdir(exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

    def acquire(self) -> None:
        """Take the folder for this process, and clear away what a killed one has left.

        Processes of an engine that was killed are waited for: they would write on.

        Raises:
            HomeBusyError: Another process has it.
            EngineError: Processes of the engine before do not end.
        """
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(handle):
            text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise HomeBusyError(self.root, int(text) if text.isdigit() else None)
        self.withdraw()
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        self._lock = handle
        try:
            self.family = _last_of(self.root / "processes")
        except EngineError:
            self.release()
            raise
        shutil.rmtree(self._tmp, ignore_errors=True)
        self._tmp.mkdir(exist_ok=True)

    @property
    def is_gone(self) -> bool:
        """Whether the folder that this process holds was deleted, or another is in its place."""
        try:
            there = (self.root / "lock").stat()
        except OSError:
            return True
        return self._lock is not None and not os.path.samestat(there, os.fstat(self._lock))

    def release(self) -> None:
        """Give the folder free; does nothing when it is not held."""
        if self._lock is None:
            return
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = None
        if self.family is not None:
            os.close(self.family)
            self.family = None

    def token(self) -> str:
        """Give the secret that callers must show; made on first use, readable by its owner only.

        One that others could have read or written, or that could be guessed, is replaced.
        """
        path = self.root / "token"
        token = _secret(path)
        if token is None:
            token = secrets.token_urlsafe(32)
            self._write(path, token, mode=0o600)
        return token

    def publish(self, endpoint: str, *, parent: int | None = None, standing: bool = False) -> None:
        """Say where the engine listens, for programs that find it through its folder.

        Args:
            endpoint: Its root URL.
            parent: The process that it lives as long as, or None when it stands on its own.
            standing: Whether any program may join it.
        """
        presence = Presence(
            endpoint=endpoint,
            pid=os.getpid(),
            parent=parent,
            standing=standing,
            version=__version__,
            started=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        )
        text = json.dumps(presence._asdict())
        self._write(self.root / "engine.json", text, mode=0o600)
        if standing:
            self._write(self.root / "port", endpoint.rpartition(":")[2], mode=0o644)

    def usual_port(self) -> int:
        """Give the port of the last standing engine, or 0.

        Clients keep the endpoint that they were given: an engine that comes back where it was is
        found by those of before.
        """
        try:
            port = int((self.root / "port").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
        return port if 0 < port < 65536 else 0

    def withdraw(self) -> None:
        """Take back what `publish` said; leaves what the engine of another folder there says."""
        if self._lock is not None and self.is_gone:
            return
        (self.root / "engine.json").unlink(missing_ok=True)

    def log(self, *parts: str) -> Path:
        """Give the path of a log file; its folder is made.

        Args:
            parts: Collection, resource id, and the replica or task, for example
                `("customJobs", "123", "workerpool0-0")`. Slashes and the like become dashes.
        """
        *folders, name = [_safe(part) for part in parts]
        path = self.root.joinpath("logs", *folders, name.removesuffix(".log") + ".log")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def scratch(self, name: str) -> Path:
        """Make a fresh folder for temporary files; its user removes it."""
        self._tmp.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{_safe(name)}-", dir=self._tmp))

    def path(self, uri: str) -> Path:
        """Give the local path that a URI stands for.

        Args:
            uri: `gs://bucket/object`, `/gcs/bucket/object`, `file:///path` or an absolute path.

        Raises:
            ApiError: INVALID_ARGUMENT when it is none of these, or would leave its bucket.
        """
        match = _BUCKET_URI.fullmatch(uri)
        if match:
            return self._inside(match["bucket"], match["rest"] or "", uri)
        if uri.startswith("file://"):
            return Path(unquote(urlsplit(uri).path))
        if uri.startswith("/") and not uri.startswith("/gcs/"):
            return Path(uri)
        raise invalid(
            f"{uri!r} is not a place the local engine knows. Expected gs://<bucket>/<object>, "
            "/gcs/<bucket>/<object>, file:///<path> or an absolute path."
        )

    def localise(self, text: str) -> str:
        """Replace every `gs://bucket` and `/gcs/bucket` in a text by its folder here.

        Args:
            text: An argument or the value of an environment variable.

        Raises:
            ApiError: INVALID_ARGUMENT when a path would leave its bucket.
        """
        return _BUCKET_PATH.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        rest = match["rest"] or ""
        self._inside(match["bucket"], rest.lstrip("/"), match[0])
        return f"{self.storage / match['bucket']}{rest}"

    def _inside(self, bucket: str, rest: str, uri: str) -> Path:
        if ".." in PurePosixPath(rest).parts or "\0" in rest:
            raise invalid(f"{uri!r} leaves its bucket: a path may not contain '..'.")
        return self.storage / bucket / rest.lstrip("/")

    def _write(self, path: Path, text: str, *, mode: int) -> None:
        """Write a file so that a reader, or a kill, never meets half of it."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _last_of(path: Path) -> int:
    """Lock a file when everyone who inherited its lock is gone."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + _LAST_WORDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                os.close(handle)
                raise EngineError(
                    f"processes of an earlier engine in {path.parent} are still running "
                    f"{_LAST_WORDS:g} s after its end. Find them by their command, "
                    "'vertex_flow.engine.processes.zygote', and end them."
                ) from None
            time.sleep(0.01)
        else:
            return handle


def _secret(path: Path) -> str | None:
    """Read a secret; None when there is none, or none that only its owner knows."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077
        if not private or found.st_uid != os.geteuid():
            return None
        text = file.read(1024).decode("ascii", "replace").strip()
    return text if _SECRET.fullmatch(text) else None


def _locked(handle: int) -> bool:
    """Lock an open file for this process alone, unless another one has it for longer."""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def _safe(part: str) -> str:
    """Make any text a plain file name."""
    cleaned = _UNSAFE.sub("-", part).strip(".-")
    return cleaned[:120] or "unnamed"
