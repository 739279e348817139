"""Objects: what is known of them, and what changes them."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.conditions import Conditions
from vertex_flow.engine.storage.digests import PIECE, Digests
from vertex_flow.engine.storage.files import Files, version_of
from vertex_flow.engine.storage.records import FOLDER, Facts, Records, Version
from vertex_flow.engine.storage.refusals import no_object
from vertex_flow.engine.storage.resources import plain_object, stamp
from vertex_flow.engine.storage.settings import OBJECT, merged, settable
from vertex_flow.errors import ApiError

_MOST_SOURCES = 32
_CHECKSUMS = ("crc32c", "md5Hash", "componentCount")


@attrs.frozen
class Found:
    """An object in one state.

    Attributes:
        bucket: Its bucket.
        name: Its name.
        version: The state of its file.
        facts: What is known of it.
    """

    bucket: str
    name: str
    version: Version
    facts: Facts


@attrs.frozen(kw_only=True)
class Content:
    """What becomes an object.

    Attributes:
        draft: The file.
        facts: Fields that were set with it.
        digests: Its checksums as far as they are known: `crc32c`, `md5Hash`, `componentCount`.
    """

    draft: Path
    facts: Facts
    digests: Facts


class Objects:
    """The objects of all buckets; any thread may use it.

    Args:
        files: Where they are.
        records: What is known of them.
    """

    def __init__(self, files: Files, records: Records) -> None:
        self._files = files
        self._records = records
        self._changing = threading.RLock()  # between looking at a state and changing it

    def find(self, bucket: str, name: str, *, generation: int | None = None) -> Found:
        """Give an object, without its checksums when they were never computed.

        Raises:
            ApiError: NOT_FOUND, also for a generation that is not the present one.
        """
        version = self._files.version(bucket, name)
        facts = self._records.object(bucket, name, version)
        if facts is None and version == FOLDER:
            raise no_object(bucket, name)  # a folder that nobody has made an object
        facts = facts or plain_object(name, version)
        if generation not in (None, facts["generation"]):
            raise no_object(bucket, f"{name}#{generation}")
        return Found(bucket, name, version, facts)

    def hashed(self, found: Found) -> Found:
        """Give an object with its checksums, computed once for each state of its file."""
        if "crc32c" in found.facts:
            return found
        digests, version = Digests(), FOLDER
        if found.version != FOLDER:
            with os.fdopen(self._files.open(found.bucket, found.name), "rb") as file:
                digests = Digests.of(file)
                version = version_of(os.fstat(file.fileno()))
        facts = {**found.facts, **digests.facts()}
        if version == found.version:
            self._records.keep_object(found.bucket, found.name, found.version, facts)
        return attrs.evolve(found, facts=facts)

    def put(self, bucket: str, name: str, content: Content, conditions: Conditions) -> Found:
        """Make a draft the object of a name.

        Raises:
            ApiError: 412, ALREADY_EXISTS for a name that cannot be a file beside others.
        """
        with self._changing:
            present = self._present(bucket, name)
            conditions.check(present.facts if present else None)
            generation = time.time_ns() // 1000
            if present:
                generation = max(generation, present.facts["generation"] + 1)
            now = stamp(generation * 1000)
            facts = {
                "contentType": "application/octet-stream",
                **content.facts,
                **content.digests,
                "generation": generation,
                "metageneration": 1,
                "timeCreated": now,
                "updated": now,
            }
            return self._placed(bucket, name, content.draft, facts)

    def patch(
        self, bucket: str, name: str, body: Any, conditions: Conditions, *, whole: bool
    ) -> Found:
        """Change the metadata of an object.

        Args:
            bucket: Its bucket.
            name: Its name.
            body: The fields to set; None clears one.
            conditions: What has to hold.
            whole: Whether fields that are not given are cleared.
        """
        changes = settable(body, OBJECT)
        with self._changing:
            found = self.find(bucket, name)
            conditions.check(found.facts)
            kept = {key: value for key, value in found.facts.items() if key not in OBJECT}
            facts = merged(kept if whole else found.facts, changes)
            facts["metageneration"] += 1
            facts["updated"] = stamp(time.time_ns())
            self._records.keep_object(bucket, name, found.version, facts)
        return attrs.evolve(found, facts=facts)

    def delete(
        self, bucket: str, name: str, conditions: Conditions, generation: int | None
    ) -> None:
        """Delete an object.

        Raises:
            ApiError: NOT_FOUND, 412.
        """
        with self._changing:
            found = self.find(bucket, name, generation=generation)
            conditions.check(found.facts)
            self._files.remove(bucket, name)
            self._records.forget_object(bucket, name)

    def copy(
        self, source: Found, bucket: str, name: str, body: Any, conditions: Conditions
    ) -> Found:
        """Copy an object.

        Args:
            source: The object.
            bucket: Where to.
            name: Its new name.
            body: Metadata that replaces that of the source, or None.
            conditions: What has to hold at the new name.
        """
        own = {key: value for key, value in source.facts.items() if key in OBJECT}
        facts = settable(body, OBJECT) if body else own
        facts.setdefault("contentType", source.facts.get("contentType"))
        with self.draft() as draft:
            digests = self._joined([source], draft).facts()
            return self.put(bucket, name, _content(draft, facts, digests), conditions)

    def move(self, source: Found, name: str, conditions: Conditions) -> Found:
        """Give an object another name in its bucket.

        Raises:
            ApiError: INVALID_ARGUMENT when it has that name.
        """
        if name == source.name:
            raise invalid(f"The object {name!r} cannot be moved to its own name.")
        facts = {key: value for key, value in source.facts.items() if key in OBJECT}
        digests = {key: value for key, value in source.facts.items() if key in _CHECKSUMS}
        with self._changing, self.draft() as draft:
            if source.version == FOLDER:
                draft.touch()
            else:
                self._files.link(source.bucket, source.name, draft)
            moved = self.put(source.bucket, name, _content(draft, facts, digests), conditions)
            self._files.remove(source.bucket, source.name)
            self._records.forget_object(source.bucket, source.name)
        return moved

    def compose(
        self, sources: list[Found], bucket: str, name: str, body: Any, conditions: Conditions
    ) -> Found:
        """Make an object of the contents of others, one after the other.

        Args:
            sources: The objects, 1 to 32.
            bucket: Where to.
            name: The name; one of the sources' too.
            body: Metadata of the new object.
            conditions: What has to hold at the name.
        """
        facts = settable(body or {}, OBJECT)
        facts.setdefault("contentType", sources[0].facts.get("contentType"))
        with self.draft() as draft:
            digests = self._joined(sources, draft)
            count = sum(source.facts.get("componentCount", 1) for source in sources)
            crc = {"crc32c": digests.facts()["crc32c"], "componentCount": count}
            return self.put(bucket, name, _content(draft, facts, crc), conditions)

    def open(self, found: Found) -> tuple[int, Found]:
        """Open an object for reading: the descriptor, and the state that it reads."""
        handle = self._files.open(found.bucket, found.name)
        version = version_of(os.fstat(handle))
        if version == found.version:
            return handle, found
        facts = self._records.object(found.bucket, found.name, version)
        facts = facts or plain_object(found.name, version)
        return handle, Found(found.bucket, found.name, version, facts)

    @contextlib.contextmanager
    def draft(self) -> Iterator[Path]:
        """Give a path for content that becomes an object, and clean up where it does not."""
        draft = self._files.draft()
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    def _joined(self, sources: list[Found], draft: Path) -> Digests:
        """Write the contents of objects into a draft, and give their checksums."""
        digests = Digests()
        self._files.check_space(sum(source.version.size for source in sources))
        with draft.open("wb") as file:
            for source in sources:
                for data in self._read(source):
                    digests.update(data)
                    file.write(data)
        return digests

    def _read(self, source: Found) -> Iterator[bytes]:
        if source.version == FOLDER:
            return
        handle, _ = self.open(source)
        with os.fdopen(handle, "rb") as file:
            while data := file.read(PIECE):
                yield data

    def _present(self, bucket: str, name: str) -> Found | None:
        try:
            return self.find(bucket, name)
        except ApiError as error:
            if error.code != 404:
                raise
            self._files.bucket(bucket)  # it is the object that is not there
            return None

    def _placed(self, bucket: str, name: str, draft: Path, facts: Facts) -> Found:
        """Put the file in its place; its facts are there before it is, and true of it alone."""
        if name.endswith("/"):
            return self._placed_folder(bucket, name, draft, facts)
        version = version_of(draft.stat())
        self._records.keep_object(bucket, name, version, facts)
        self._files.place(draft, bucket, name)
        self._records.forget_object(bucket, name, but=version)
        return Found(bucket, name, version, facts)

    def _placed_folder(self, bucket: str, name: str, draft: Path, facts: Facts) -> Found:
        if draft.stat().st_size:
            raise invalid(
                f"gs://{bucket}/{name} is a folder here, since its name ends with '/', and "
                "cannot have content. Leave the slash out, or upload it empty."
            )
        self._files.make_folder(bucket, name)
        self._records.keep_object(bucket, name, FOLDER, facts)
        return Found(bucket, name, FOLDER, facts)


def components(body: Mapping[str, Any]) -> list[Any]:
    """Give what a request to compose an object names as its parts.

    Raises:
        ApiError: INVALID_ARGUMENT for none of them, or too many.
    """
    given = body.get("sourceObjects")
    found = given if isinstance(given, list) else []
    if not 1 <= len(found) <= _MOST_SOURCES:
        raise invalid(
            f"The number of source components provided is {len(found)}; 1 to {_MOST_SOURCES} are "
            "allowed."
        )
    return found


def _content(draft: Path, facts: Mapping[str, Any], digests: Facts) -> Content:
    plain = {key: value for key, value in facts.items() if value is not None}
    return Content(draft=draft, facts=plain, digests=digests)
