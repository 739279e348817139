"""Multipart uploads of the XML API: the parts of an object, which come side by side.

`google.cloud.storage.transfer_manager.upload_chunks_concurrently` uses them; nothing else of the
XML API is served.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.digests import PIECE, Digests
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.objects import Found, Objects
from vertex_flow.engine.storage.resources import hash_header
from vertex_flow.engine.storage.uploads import Draft, Target, Uploads, finish

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_NUMBER = re.compile(rb"<PartNumber>\s*(\d{1,5})\s*</PartNumber>")
_ETAG = re.compile(rb"<ETag>\s*(?:&quot;|\")?([^<\"&\s]*)(?:&quot;|\")?\s*</ETag>")
_LONGEST_PART = 1000  # bytes of XML about a part
_HEADERS = {
    "cache-control": "cacheControl",
    "content-disposition": "contentDisposition",
    "content-encoding": "contentEncoding",
    "content-language": "contentLanguage",
    "content-type": "contentType",
    "x-goog-custom-time": "customTime",
    "x-goog-storage-class": "storageClass",
}
_META = "x-goog-meta-"
_MOST_PARTS = 10_000


class Parts:
    """Uploads in parts.

    Args:
        files: Where parts are kept.
        objects: What uploads become.
        uploads: Which uploads there are.
    """

    def __init__(self, files: Files, objects: Objects, uploads: Uploads) -> None:
        self._files = files
        self._objects = objects
        self._uploads = uploads

    def begin(self, bucket: str, name: str, headers: Mapping[str, str]) -> str:
        """Begin an upload, and give the XML that names it."""
        facts = {_HEADERS[key]: value for key, value in headers.items() if key in _HEADERS}
        own = [key for key in headers if key.startswith(_META)]
        metadata = {key.removeprefix(_META): headers[key] for key in own}
        body = {**facts, **({"metadata": metadata} if metadata else {})}
        target = Target.of(bucket, {"name": name}, {}, body)
        upload_id = self._uploads.begin(target)
        return _xml(
            "InitiateMultipartUploadResult",
            f"<Bucket>{escape(bucket)}</Bucket><Key>{escape(name)}</Key>"
            f"<UploadId>{upload_id}</UploadId>",
        )

    def draft(self, upload_id: str, number: str) -> Draft:
        """Open the file of a part.

        Raises:
            ApiError: NOT_FOUND for an unknown upload, INVALID_ARGUMENT for a wrong number.
        """
        self._uploads.target(upload_id)
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= _MOST_PARTS:
            raise invalid(f"partNumber is {number!r}; 1 to {_MOST_PARTS} are allowed.")
        return Draft(self._files.draft(f"{upload_id}.{int(number)}"), Digests())

    def end(self, upload_id: str, body: bytes) -> tuple[str, Found]:
        """Put the parts together, and give the XML that says so and the object.

        Args:
            upload_id: The upload.
            body: XML with the number and the etag of each part, in their order.

        Raises:
            ApiError: INVALID_ARGUMENT for a part that did not come in.
        """
        target = self._uploads.target(upload_id)
        parts = [_part(text) for text in body.split(b"<Part>")[1:]]
        numbers = [number for number, _ in parts]
        if not numbers or numbers != sorted(set(numbers)):
            raise invalid("The parts are to be listed in ascending order, at least one of them.")
        with self._objects.draft() as path:
            draft = Draft(path, Digests())
            for number, etag in parts:
                self._append(f"{upload_id}.{number}", etag, draft)
            draft.close()
            found = finish(self._objects, target, draft, {})
        self.cancel(upload_id)
        return _xml("CompleteMultipartUploadResult", f"<Key>{escape(target.name)}</Key>"), found

    def cancel(self, upload_id: str) -> None:
        """Give an upload up."""
        self._uploads.cancel(upload_id)
        self._files.remove_drafts(upload_id)

    def _append(self, name: str, etag: str, draft: Draft) -> None:
        path = self._files.draft(name)
        digests = Digests()
        if path.is_file():
            with path.open("rb") as file:
                while data := file.read(PIECE):
                    digests.update(data)
                    draft.write(data)
        if not path.is_file() or digests.facts()["md5Hash"] != etag:
            raise invalid(f"Part {name.rpartition('.')[2]} did not come in whole. Send it again.")


def part_headers(draft: Draft) -> dict[str, str]:
    """Give the headers that say what came in as a part."""
    header = hash_header(draft.digests.facts())
    return {"X-Goog-Hash": header, "ETag": f'"{header.rpartition("md5=")[2]}"'}


def _part(text: bytes) -> tuple[int, str]:
    text = text[:_LONGEST_PART].partition(b"</Part>")[0]
    number, etag = _NUMBER.search(text), _ETAG.search(text)
    if number is None or etag is None:
        raise invalid(f"A part needs a PartNumber and an ETag: {text[:100]!r}.")
    return int(number[1]), etag[1].decode("ascii", "replace")


def _xml(name: str, inner: str) -> str:
    return f"<?xml version='1.0' encoding='UTF-8'?><{name} xmlns='{_NAMESPACE}'>{inner}</{name}>"
