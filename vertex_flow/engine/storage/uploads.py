"""Uploads: content that comes in pieces, one request or many, and becomes an object at its end."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import attrs

from vertex_flow.engine.api.errors import disk_full, invalid, not_found
from vertex_flow.engine.storage.conditions import Conditions
from vertex_flow.engine.storage.digests import Digests
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.objects import Content, Found, Objects
from vertex_flow.engine.storage.records import Facts, Records
from vertex_flow.engine.storage.refusals import no_space
from vertex_flow.engine.storage.settings import OBJECT, settable
from vertex_flow.errors import ApiError

_WEEK = 7 * 24 * 3600.0  # how long an upload may take, in seconds
_RANGE = re.compile(
    r"bytes (?:(?P<first>\d{1,18})-(?P<last>\d{1,18})|\*)/(?P<total>\d{1,18}|\*)", re.ASCII
)


@attrs.frozen(kw_only=True)
class Target:
    """What an upload becomes.

    Attributes:
        bucket: The object's bucket.
        name: Its name.
        facts: Its metadata.
        stated: Checksums that the sender gives.
        conditions: What has to hold when the upload ends.
    """

    bucket: str
    name: str
    facts: Facts
    stated: Facts
    conditions: Conditions

    @classmethod
    def of(
        cls, bucket: str, query: Mapping[str, str], headers: Mapping[str, str], body: Any
    ) -> Target:
        """Read what a request to insert an object says.

        Args:
            bucket: The bucket.
            query: Its query parameters.
            headers: Its headers, names in lower case.
            body: The object's JSON.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        if query.get("contentEncoding") and isinstance(body, dict):
            body = {**body, "contentEncoding": query["contentEncoding"]}
        fields = settable(body, OBJECT)
        name = query.get("name") or body.get("name")
        if not isinstance(name, str) or not name:
            raise invalid("Required parameter: name, the name of the object.")
        plain = {key: value for key, value in fields.items() if value is not None}
        stated = {key: body[key] for key in ("crc32c", "md5Hash") if key in body}
        conditions = Conditions.of(query, headers)
        return cls(bucket=bucket, name=name, facts=plain, stated=stated, conditions=conditions)


class Draft:
    """A file that is being written, and the checksums of what it holds.

    Args:
        path: The file.
        digests: The checksums of what is in it already.
        append: Whether it goes on with what is there.
    """

    def __init__(self, path: Path, digests: Digests, *, append: bool = False) -> None:
        self.path = path
        self.digests = digests
        self._file: IO[bytes] = path.open("ab" if append else "wb")

    def write(self, data: bytes) -> None:
        """Write what comes next.

        Raises:
            ApiError: 507 when the disk is full.
        """
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            if disk_full(error):
                raise no_space() from error
            raise
        self.digests.update(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@attrs.frozen(kw_only=True)
class Range:
    """Where the content of a request belongs in an upload.

    Attributes:
        first: Number of its first byte, or None when the request only asks how far the upload is.
        total: The size of the whole, or None when that is not known yet.
    """

    first: int | None
    total: int | None

    @classmethod
    def of(cls, header: str | None) -> Range:
        """Read the header `Content-Range`; without one, the content is the whole.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        if header is None:
            return cls(first=0, total=None)
        match = _RANGE.fullmatch(header.strip())
        if match is None:
            raise invalid(f"Failed to parse Content-Range header: {header[:100]!r}.")
        total = None if match["total"] == "*" else int(match["total"])
        return cls(first=None if match["first"] is None else int(match["first"]), total=total)


class Uploads:
    """Uploads of more than one request; they go on after the engine was killed.

    Args:
        files: Where drafts are.
        records: Which uploads there are.
        objects: What uploads become.
    """

    def __init__(self, files: Files, records: Records, objects: Objects) -> None:
        self._files = files
        self._records = records
        self._objects = objects
        self._digests: dict[str, tuple[int, Digests]] = {}
        records.forget_uploads(time.time() - _WEEK)
        files.clean_drafts(records.uploads())

    def begin(self, target: Target) -> str:
        """Begin an upload, and give its id."""
        self._files.path(target.bucket, target.name)  # a wrong name shows before any content
        upload_id = secrets.token_urlsafe(32).replace("_", "-")
        facts = attrs.asdict(target)
        self._records.keep_upload(upload_id, time.time(), facts)
        self._files.draft(upload_id).touch()
        return upload_id

    def target(self, upload_id: str) -> Target:
        """Give what an upload becomes.

        Raises:
            ApiError: NOT_FOUND.
        """
        facts = self._facts(upload_id)
        conditions = Conditions(**facts["conditions"])
        plain = {key: facts[key] for key in ("bucket", "name", "facts", "stated")}
        return Target(**plain, conditions=conditions)

    def ended(self, upload_id: str) -> Found | None:
        """Give the object that an upload has become, or None while it goes on."""
        facts = self._facts(upload_id)
        if "generation" not in facts:
            return None
        return self._objects.find(facts["bucket"], facts["name"], generation=facts["generation"])

    def size(self, upload_id: str) -> int:
        """Give how many bytes of an upload have come in."""
        return self._files.draft(upload_id).stat().st_size

    def draft(self, upload_id: str) -> Draft:
        """Open the file of an upload, to go on with it."""
        path = self._files.draft(upload_id)
        size, digests = self._digests.pop(upload_id, (-1, Digests()))
        if size != path.stat().st_size:  # the engine was started anew
            with path.open("rb") as file:
                digests = Digests.of(file)
        return Draft(path, digests, append=True)

    def pause(self, upload_id: str, draft: Draft) -> None:
        """Keep what is known of an upload until its next request."""
        draft.close()
        self._digests[upload_id] = (draft.path.stat().st_size, draft.digests)

    def end(self, upload_id: str, draft: Draft, stated: Facts) -> Found:
        """Make the object of an upload.

        Args:
            upload_id: The upload.
            draft: Its content.
            stated: Checksums that came with its last request.
        """
        draft.close()
        target = self.target(upload_id)
        try:
            found = finish(self._objects, target, draft, stated)
        except ApiError as error:
            if error.code < 500:  # it can never succeed
                self.cancel(upload_id)
            raise
        facts = {**attrs.asdict(target), "generation": found.facts["generation"]}
        self._records.keep_upload(upload_id, time.time(), facts)
        return found

    def cancel(self, upload_id: str) -> None:
        """Give an upload up."""
        self._facts(upload_id)
        self._digests.pop(upload_id, None)
        self._files.draft(upload_id).unlink(missing_ok=True)
        self._records.forget_upload(upload_id)

    def _facts(self, upload_id: str) -> Facts:
        facts = self._records.upload(upload_id)
        if facts is None:
            raise not_found("No such upload: it was cancelled, has ended long ago, or never began.")
        return facts


def finish(objects: Objects, target: Target, draft: Draft, stated: Facts) -> Found:
    """Make a draft that is complete the object of its name.

    Args:
        objects: Where it goes.
        target: What it becomes.
        draft: The content, closed.
        stated: Checksums that came beside those of the target.

    Raises:
        ApiError: INVALID_ARGUMENT when a checksum is another one, 412.
    """
    draft.digests.check({**target.stated, **stated})
    content = Content(draft=draft.path, facts=target.facts, digests=draft.digests.facts())
    return objects.put(target.bucket, target.name, content, target.conditions)
