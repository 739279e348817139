"""A bucket of Cloud Storage."""

from __future__ import annotations

import io
import itertools
import mimetypes
import threading
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import IO, Any, TypeVar

from vertex_flow.apis import Apis
from vertex_flow.calls import NextPage
from vertex_flow.commands import create_bucket
from vertex_flow.errors import ApiError
from vertex_flow.gcp.transfer.buckets import Gauge, Stored
from vertex_flow.gcp.transfer.content import Content
from vertex_flow.gcp.transfer.outcome import FileFault, Stopped
from vertex_flow.gcp.transfer.parallel import WORKERS
from vertex_flow.gcp.transfer.resumable import SECONDS, WINDOW, ResumableUpload

T = TypeVar("T")

# Files of more bytes are uploaded in a way that can go on after a cut; others are in memory as a
# whole, several times over in Google's library, as many at once as there are workers.
LARGE = 2 * 1024 * 1024
_FIELDS = "items(name,size,crc32c,generation),nextPageToken"


class CloudBucket:
    """A bucket of Cloud Storage.

    Google's library sends each request once: what is transient is tried again by `Apis.sent`, so
    that its pauses are not multiplied with the library's own.

    Args:
        apis: Google's APIs.
        name: Name of the bucket.
        stop: Set when what is underway should end.
    """

    def __init__(self, apis: Apis, name: str, stop: threading.Event) -> None:
        self._apis = apis
        self._name = name
        self._stop = stop

    def listed(
        self, prefix: str, *, first: str = "", last: str = "", pattern: str = "", most: int = 0
    ) -> Iterator[Stored]:
        """Give objects in the order of names; see `Bucket`."""
        query = {
            "prefix": prefix or None,
            "start_offset": first or None,
            "end_offset": f"{last}\x01" if last else None,  # the end itself is left out
            "match_glob": pattern or None,
            "max_results": most or None,
        }
        blobs = self._pages(query)
        for blob in itertools.islice(blobs, most or None):
            yield Stored(blob.name, int(blob.size), blob.crc32c or "", int(blob.generation))

    def checksum(self, stored: Stored) -> str:
        """Give the CRC32C of an object, in base64."""
        return stored.crc32c

    def put(self, content: Content, name: str, gauge: Gauge) -> None:
        """Make a file an object, at once and as a whole."""
        kind = _kind(name)
        if content.size > LARGE:
            upload = ResumableUpload(self._http, self._asked, self._stop)
            upload.send(self._bucket.blob(name), content, kind, gauge)
            return
        data = b"".join(content.pieces())
        blob = self._bucket.blob(name)
        self._asked(
            lambda: blob.upload_from_file(
                io.BytesIO(data),
                size=len(data),
                content_type=kind,
                checksum="crc32c",
                timeout=SECONDS,
                retry=None,
            )
        )
        gauge(len(data))

    def fetch(self, stored: Stored, file: IO[bytes], gauge: Gauge) -> None:
        """Write the bytes of an object that a file does not have yet at the end of it."""
        while (start := file.seek(0, io.SEEK_END)) < stored.size:
            try:
                self._asked(partial(self._fetch_next, stored, file, start, gauge))
            except ApiError as error:
                if error.code in (404, 412):
                    raise FileFault("the object was replaced while it was copied") from error
                raise

    def _fetch_next(self, stored: Stored, file: IO[bytes], start: int, gauge: Gauge) -> None:
        """Fetch what comes next; patience begins anew with each byte that has come."""
        gauge(start)
        if file.seek(0, io.SEEK_END) > start:
            return
        end = min(start + WINDOW, stored.size)
        url = (
            f"{self._client.api_endpoint}/download/storage/v1{self._bucket.blob(stored.name).path}"
            f"?alt=media&generation={stored.generation}"
        )
        # Compressed objects are to come as they are stored: their checksum is that of those bytes.
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "gzip"}
        with self._http.get(url, headers=headers, timeout=SECONDS, stream=True) as response:
            if response.status_code != 206:
                from google.api_core.exceptions import from_http_response

                raise from_http_response(response)
            self._write(response.raw, file, start, gauge)

    def _write(self, raw: Any, file: IO[bytes], at: int, gauge: Gauge) -> None:
        from urllib3.exceptions import HTTPError

        try:
            for piece in raw.stream(256 * 1024, decode_content=False):
                if self._stop.is_set():
                    raise Stopped
                file.write(piece)
                at += len(piece)
                gauge(at)
        except HTTPError as error:
            raise ConnectionError(f"the connection was cut ({type(error).__name__})") from None

    def _pages(self, query: dict[str, Any]) -> Iterator[Any]:
        page, token = self._page(query, None)
        yield from page
        seen = NextPage(f"gs://{self._name}")
        while token:
            seen.check(token)
            page, token = self._page(query, token)
            yield from page

    def _page(self, query: dict[str, Any], token: str | None) -> tuple[list[Any], str | None]:
        def ask() -> tuple[list[Any], str | None]:
            found = self._client.list_blobs(
                self._name, **query, page_token=token, fields=_FIELDS, timeout=SECONDS, retry=None
            )
            page = next(found.pages, ())
            return list(page), found.next_page_token

        try:
            return self._asked(ask)
        except ApiError as error:
            if error.code != 404:
                raise
            raise _no_bucket(error, self._apis, self._name) from error

    def _asked(self, ask: Callable[[], T]) -> T:
        def unless_stopped() -> T:
            if self._stop.is_set():
                raise Stopped
            return ask()

        return self._apis.sent(unless_stopped, "Cloud Storage")

    @cached_property
    def _client(self) -> Any:
        from requests.adapters import HTTPAdapter

        client = self._apis.storage
        scheme = f"{client.api_endpoint.partition('://')[0]}://"
        client._http.mount(scheme, HTTPAdapter(pool_maxsize=WORKERS))
        return client

    @cached_property
    def _http(self) -> Any:
        return self._client._http

    @cached_property
    def _bucket(self) -> Any:
        return self._client.bucket(self._name)


def _kind(name: str) -> str:
    """The content type that a name stands for."""
    found, encoding = mimetypes.guess_type(name)
    if encoding:
        return {"gzip": "application/gzip"}.get(encoding, "application/octet-stream")
    return found or "application/octet-stream"


def _no_bucket(error: ApiError, apis: Apis, bucket: str) -> ApiError:
    return ApiError(
        error.code,
        error.status,
        error.message,
        cause=f"there is no bucket {bucket}; GcpContext.setup() makes the context's own.",
        fix=create_bucket(bucket, apis.project, apis.location),
    )
