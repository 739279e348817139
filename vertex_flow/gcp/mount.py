"""A bucket as a folder: by gcsfuse, and on this machine as the folder that it is."""

from __future__ import annotations

import atexit
import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import attrs

from vertex_flow.errors import MountError, SettingError
from vertex_flow.gcp.mounted import Mounted, mounted_at, users_of
from vertex_flow.place import Place

GUIDE = "https://cloud.google.com/storage/docs/gcsfuse-install"
_KIND = "fuse.gcsfuse"
_LAST_WORDS = 2000  # characters of what gcsfuse said
_PAUSE = 0.02
_END = 20.0  # seconds that gcsfuse has to end


class Mount:
    """A bucket that can be used as a folder; a context manager that unmounts it at its end.

    It is unmounted when the program ends, too. One that was there before is left there.

    Args:
        path: The folder.
        bucket: Name of the bucket.
        undo: Unmounts it; None for a mount that somebody else has made.
    """

    def __init__(self, path: Path, bucket: str, undo: Callable[[], None] | None) -> None:
        self.path = path
        self.bucket = bucket
        self._undo = undo
        self._owner = os.getpid()
        if undo is not None:
            atexit.register(self.close)

    def __repr__(self) -> str:
        return f"Mount({str(self.path)!r}, bucket={self.bucket!r})"

    def __enter__(self) -> Mount:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unmount the bucket; does nothing when it is unmounted.

        Raises:
            MountError: The folder is in use, and stays mounted; close it again then.
        """
        if self._undo is None or os.getpid() != self._owner:
            return  # a forked copy of the program does not own it
        self._undo()
        self._undo = None
        atexit.unregister(self.close)


def mount(place: Place, path: Path, *, timeout: float = 60.0) -> Mount:
    """Mount the bucket at a folder.

    gcsfuse finds the application-default credentials by itself; other credentials of the place
    are not known to it. On this machine the folder is a link to that of the bucket.

    Args:
        place: The project, or this machine.
        path: An empty folder; made when it is not there, and then removed at the end. Where the
            bucket is mounted already, that mount is given.
        timeout: The longest wait until it is mounted, in seconds.

    Raises:
        SettingError: The folder is a file, is not empty, or another file system is there.
        MountError: There is no gcsfuse, or it could not mount the bucket.
    """
    path = Path(os.path.abspath(os.path.expanduser(path)))
    if place.home is not None:
        return _linked(place.home / "storage" / place.bucket, path, place.bucket)
    path = Path(os.path.realpath(path))
    there = mounted_at(path)
    if there == Mounted(_KIND, place.bucket):
        return Mount(path, place.bucket, None)
    if there is not None:
        raise SettingError(
            f"mount({str(path)!r}): {there.source} ({there.kind}) is mounted there; choose another "
            f"folder, or unmount it: {shlex.join([*_unmounter(), str(path)])}"
        )
    program = shutil.which("gcsfuse")
    if program is None:
        raise MountError(_MISSING.format(guide=GUIDE, bucket=place.bucket))
    new = _make(path)
    try:
        process = _Gcsfuse.start([program, *_flags(place)], place.bucket, path, new=new)
        process.wait_until_mounted(timeout)
    except BaseException:
        _remove(path, new)
        raise
    return Mount(path, place.bucket, process.unmount)


_MISSING = """gcsfuse is not installed: it is the program that mounts buckets.
  Fix: add Google's package source as {guide} says, then
    sudo apt-get update && sudo apt-get install gcsfuse   (Debian, Ubuntu)
  Without it: GcpContext.download("gs://{bucket}/FOLDER", "FOLDER") copies what is needed."""


def _flags(place: Place) -> list[str]:
    # Folders that no object stands for are shown, as those that pipelines write to are.
    flags = ["--foreground", "--implicit-dirs", "--app-name=vertex_flow", "--log-format=text"]
    moved = place.endpoints.get("storage")
    return [*flags, f"--custom-endpoint={_endpoint(moved)}"] if moved else flags


def _endpoint(url: str) -> str:
    """A root URL as gcsfuse wants it: HOST:PORT, but for a server without TLS a URL."""
    split = urlsplit(url)
    if split.scheme == "http":
        return f"{url.rstrip('/')}/storage/v1/"
    return f"{split.hostname}:{split.port or 443}"


@attrs.frozen
class _Gcsfuse:
    """gcsfuse in the foreground, so that its end is seen.

    Attributes:
        process: The process; Ctrl-C in the terminal does not reach it.
        said: What it has said.
        bucket: What it mounts.
        path: Where it does.
        new: Whether the folder was made for it.
    """

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    bucket: str
    path: Path
    new: bool

    @classmethod
    def start(cls, command: list[str], bucket: str, path: Path, *, new: bool) -> _Gcsfuse:
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has ended
        process = subprocess.Popen(  # noqa: S603 - the program is the user's own gcsfuse
            [*command, bucket, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        return cls(process, said, bucket, path, new)

    def wait_until_mounted(self, timeout: float) -> None:
        """Wait until the folder is that of the bucket.

        Raises:
            MountError: gcsfuse has ended, or takes too long.
        """
        deadline = time.monotonic() + timeout
        try:
            while not (mounted_at(self.path) and os.path.ismount(self.path)):
                if self.process.poll() is not None:
                    raise MountError(self._failure(f"ended with {self.process.returncode}"))
                if time.monotonic() > deadline:
                    raise MountError(self._failure(f"has not mounted it in {timeout:g} s"))
                time.sleep(_PAUSE)
        except BaseException:
            self._end(0)
            if mounted_at(self.path):
                _unmounted(self.path)
            raise

    def unmount(self) -> None:
        """Unmount the folder, and wait until gcsfuse has ended."""
        if mounted_at(self.path):
            problem = _unmounted(self.path)
            if problem:
                raise MountError(_busy(self.path, problem))
        self._end(_END)
        _remove(self.path, self.new)

    def _end(self, patience: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.said.close()

    def _failure(self, what: str) -> str:
        self.said.seek(0)
        said = self.said.read().decode(errors="replace").strip()[-_LAST_WORDS:]
        words = "\n".join(f"  {line}" for line in said.splitlines()) or "  (it said nothing)"
        uri = f"gs://{self.bucket}"
        return (
            f"gcsfuse {what} while mounting {uri} at {self.path}:\n{words}\n"
            f"  Look whether the bucket can be read: gcloud storage ls {uri}"
        )


def _unmounter() -> list[str]:
    """The command that unmounts: `umount` is for root alone where fusermount is not there."""
    program = shutil.which("fusermount3") or shutil.which("fusermount")
    return [program, "-u"] if program else ["umount"]


def _unmounted(path: Path) -> str:
    """Unmount a folder, and give why it could not be, or the empty text."""
    command = [*_unmounter(), str(path)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - the system's
    return done.stderr.decode(errors="replace").strip() if mounted_at(path) else ""


def _busy(path: Path, problem: str) -> str:
    users = ", ".join(users_of(path)) or "a process that cannot be seen from here"
    return (
        f"{path} could not be unmounted: {problem}\n  It is used by {users}. End that, or have it "
        "leave the folder and close its files; then call close() again."
    )


def _make(path: Path) -> bool:
    """Make a folder; give whether it was not there.

    Raises:
        SettingError: It is a file, or not empty.
    """
    if not os.path.lexists(path):
        path.mkdir(parents=True)
        return True
    if not path.is_dir():
        raise SettingError(f"mount({str(path)!r}): expected an empty folder; this is a file.")
    if any(path.iterdir()):
        raise SettingError(
            f"mount({str(path)!r}): expected an empty folder; what is in this one would be hidden."
        )
    return False


def _remove(path: Path, new: bool) -> None:
    if new:
        with contextlib.suppress(OSError):
            path.rmdir()


def _linked(folder: Path, path: Path, bucket: str) -> Mount:
    """Make a folder a link to that of a bucket of this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and os.path.realpath(path) == os.path.realpath(folder):
        return Mount(path, bucket, None)
    new = _make(path)
    path.rmdir()
    path.symlink_to(folder)

    def undo() -> None:
        if path.is_symlink():
            path.unlink()
            if not new:
                path.mkdir()

    return Mount(path, bucket, undo)
