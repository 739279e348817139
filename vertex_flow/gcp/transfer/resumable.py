"""A large file in one upload that goes on where it was cut, in another process too."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from vertex_flow.errors import ApiError
from vertex_flow.gcp.transfer.buckets import Gauge
from vertex_flow.gcp.transfer.content import Content
from vertex_flow.gcp.transfer.outcome import FileFault, Stopped
from vertex_flow.gcp.transfer.sessions import Session, Sessions

Ask = Callable[[Callable[[], None]], None]
"""Does what sends a request, with patience."""

SECONDS = 60
# What is sent in one request, in bytes; a multiple of 256 KiB, as Cloud Storage wants it.
WINDOW = 64 * 1024 * 1024
_RANGE = re.compile(r"bytes=0-(\d{1,18})")
_GONE = (404, 410, 499)
_NEVER = (400, 412, 413)  # answers after which an upload can never succeed
_BEGINNINGS = 3


class _Gone(Exception):  # noqa: N818 - reads as what has happened
    """Cloud Storage does not know the upload any more."""


class ResumableUpload:
    """Uploads one file by Cloud Storage's resumable protocol.

    How far an upload is, Cloud Storage says: it is asked at the beginning and after each request
    without an answer. The checksum of the whole is told in front, so what was damaged or has
    changed on its way never becomes an object.

    Args:
        http: An authorized session of `requests`.
        ask: Sends what is transient again.
        stop: Set when it should end.
        sessions: Remembers what is underway.
    """

    def __init__(
        self, http: Any, ask: Ask, stop: threading.Event, sessions: Sessions | None = None
    ) -> None:
        self._http = http
        self._ask = ask
        self._stop = stop
        self._sessions = sessions or Sessions()

    def send(self, blob: Any, content: Content, kind: str | None, gauge: Gauge) -> None:
        """Make a file an object.

        Args:
            blob: The object, of `google.cloud.storage`.
            content: The file.
            kind: Its content type.
            gauge: Told how far it is.

        Raises:
            ApiError: It was refused.
            FileFault: The file has changed meanwhile.
        """
        blob.crc32c = content.crc32c()
        with self._sessions.of(_key(blob, content)) as session:
            for _ in range(_BEGINNINGS):
                try:
                    self._through(blob, content, kind, session, gauge)
                    return
                except _Gone:
                    session.forget()
        raise FileFault(f"Cloud Storage has lost the upload {_BEGINNINGS} times; try again later")

    def _through(
        self, blob: Any, content: Content, kind: str | None, session: Session, gauge: Gauge
    ) -> None:
        at = None if session.uri else 0
        if session.uri is None:
            self._ask(lambda: session.keep(_begun(blob, content, kind)))
        upload = _Underway(
            http=self._http,
            uri=str(session.uri),
            content=content,
            at=at,
            stop=self._stop,
            gauge=gauge,
        )
        try:
            while upload.answer is None:
                self._ask(upload.step)
        except (ApiError, FileFault) as error:
            if isinstance(error, FileFault) or error.code in _NEVER:
                session.forget()
            content.check_unchanged()  # which is why the checksum was another one
            raise
        session.forget()
        if upload.answer.get("crc32c") != blob.crc32c:
            raise FileFault("Cloud Storage has other bytes than the file; copy it again")


@attrs.define(kw_only=True)
class _Underway:
    """An upload, request after request.

    Attributes:
        at: Number of the first byte that Cloud Storage does not have; None when it has to be asked.
        answer: What Cloud Storage says of the object; None until it is one.
    """

    http: Any
    uri: str
    content: Content
    at: int | None
    stop: threading.Event
    gauge: Gauge
    answer: dict[str, Any] | None = None
    _kept: int = attrs.field(default=0, init=False)

    def step(self) -> None:
        """Send what comes next; where that begins is asked for first when it is not known.

        When something came through although the connection was cut, that is all: patience begins
        anew with what comes then.
        """
        size, kept = self.content.size, self._kept
        if self.at is None:
            self._take(self._put(f"bytes */{size}", None))
            if self.at is None or self._kept > kept:
                return
        start, self.at = self.at, None
        end = min(start + WINDOW, size)
        body = _Window(self.content, start, end, self.stop, self.gauge)
        self._take(self._put(f"bytes {start}-{end - 1}/{size}", body))
        if self.at is not None and self.at <= start:
            raise ConnectionError("it has kept nothing of what was sent")

    def _put(self, span: str, body: Any) -> Any:
        from requests import RequestException

        headers = {"Content-Range": span}
        try:
            return self.http.put(
                self.uri, data=body, headers=headers, timeout=SECONDS, allow_redirects=False
            )
        except RequestException as error:  # its text has the URI, which is a secret
            raise ConnectionError(f"the connection was cut ({type(error).__name__})") from None

    def _take(self, response: Any) -> None:
        if response.status_code in (200, 201):
            self.answer = _read(response.content)
        elif response.status_code == 308:
            match = _RANGE.fullmatch(response.headers.get("Range", ""))
            self.at = int(match[1]) + 1 if match else 0
            self._kept = max(self._kept, self.at)
            self.gauge(self.at)
        elif response.status_code in _GONE:
            raise _Gone
        else:
            from google.api_core.exceptions import from_http_status

            raise from_http_status(response.status_code, "refused", response=response)


class _Window:
    """A part of a file as the body of a request; it is never in memory as a whole.

    It can be read again from its start, as a request that is sent again needs it.
    """

    def __init__(
        self, content: Content, start: int, end: int, stop: threading.Event, gauge: Gauge
    ) -> None:
        self._content = content
        self._span = (start, end)
        self._stop = stop
        self._gauge = gauge

    def __len__(self) -> int:
        return self._span[1] - self._span[0]

    def __iter__(self) -> Iterator[bytes]:
        at = self._span[0]
        for piece in self._content.pieces(*self._span):
            if self._stop.is_set():
                raise Stopped
            yield piece
            at += len(piece)
            self._gauge(at)


def _read(answer: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(answer))
    except (TypeError, ValueError):
        raise ConnectionError("its answer cannot be read") from None


def _begun(blob: Any, content: Content, kind: str | None) -> str:
    return str(
        blob.create_resumable_upload_session(
            content_type=kind, size=content.size, checksum=None, timeout=SECONDS, retry=None
        )
    )


def _key(blob: Any, content: Content) -> str:
    """Name an upload by the file, its bytes and where they go."""
    facts = (
        str(content.path.absolute()),
        content.size,
        content.changed,
        blob.crc32c,
        blob.client.api_endpoint,
        blob.bucket.name,
        blob.name,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()
