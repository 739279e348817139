"""Buckets and objects as the JSON API shows them."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from vertex_flow.engine.storage.conditions import etag
from vertex_flow.engine.storage.records import FOLDER, Facts, Version
from vertex_flow.engine.storage.settings import BUCKET, OBJECT

_CLASS = "STANDARD"
_BINARY = "application/octet-stream"


def plain_object(name: str, version: Version) -> Facts:
    """Give the facts of an object that was written as a file, not through the API."""
    written = stamp(version.changed)
    return {
        "generation": version.changed // 1000,
        "metageneration": 1,
        "timeCreated": written,
        "updated": written,
        "contentType": mimetypes.guess_type(name)[0] or _BINARY,
    }


def plain_bucket(changed: int) -> Facts:
    """Give the facts of a bucket that was made as a folder, at a time in nanoseconds."""
    made = stamp(changed)
    return {"generation": 1, "metageneration": 1, "timeCreated": made, "updated": made}


def show_object(root: str, bucket: str, name: str, version: Version, facts: Facts) -> Facts:
    """Give an object as the API shows it.

    Args:
        root: Root URL of the API as the caller reaches it.
        bucket: Its bucket.
        name: Its name.
        version: The state of its file.
        facts: What is known of it.
    """
    place = f"b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
    generation = str(facts["generation"])
    shown = {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "selfLink": f"{root}/storage/v1/{place}",
        "mediaLink": f"{root}/download/storage/v1/{place}?generation={generation}&alt=media",
        "name": name,
        "bucket": bucket,
        "generation": generation,
        "metageneration": str(facts["metageneration"]),
        "contentType": facts.get("contentType", _BINARY),
        "storageClass": facts.get("storageClass", _CLASS),
        "size": str(0 if version == FOLDER else version.size),
        "etag": etag(facts),
        "timeStorageClassUpdated": facts["timeCreated"],
        "timeFinalized": facts["timeCreated"],
    }
    named = (*OBJECT, "crc32c", "md5Hash", "componentCount", "timeCreated", "updated")
    return {**{key: facts[key] for key in named if key in facts}, **shown}


def show_bucket(root: str, bucket: str, facts: Facts, project_number: str) -> Facts:
    """Give a bucket as the API shows it."""
    location = facts.get("location", "US").upper()
    shown = {
        "kind": "storage#bucket",
        "id": bucket,
        "selfLink": f"{root}/storage/v1/b/{quote(bucket, safe='')}",
        "name": bucket,
        "projectNumber": project_number,
        "generation": str(facts["generation"]),
        "metageneration": str(facts["metageneration"]),
        "location": location,
        "locationType": "region" if "-" in location else "multi-region",
        "storageClass": facts.get("storageClass", _CLASS),
        "etag": etag(facts),
        "iamConfiguration": facts.get(
            "iamConfiguration",
            {
                "uniformBucketLevelAccess": {"enabled": True},
                "publicAccessPrevention": "inherited",
            },
        ),
    }
    named = (*BUCKET, "timeCreated", "updated")
    return {**{key: facts[key] for key in named if key in facts}, **shown}


def download_headers(facts: Facts, version: Version, *, whole: bool) -> dict[str, str]:
    """Give the headers that say what is downloaded; hashes are those of the whole object."""
    headers = {
        "Content-Type": facts.get("contentType", _BINARY),
        "ETag": f'"{etag(facts)}"',
        "Last-Modified": _http_time(facts["updated"]),
        "Accept-Ranges": "bytes",
        "Cache-Control": facts.get("cacheControl", "no-cache"),
        "X-Goog-Generation": str(facts["generation"]),
        "X-Goog-Metageneration": str(facts["metageneration"]),
        "X-Goog-Storage-Class": facts.get("storageClass", _CLASS),
        "X-Goog-Stored-Content-Length": str(version.size),
        "X-Goog-Stored-Content-Encoding": facts.get("contentEncoding", "identity"),
    }
    for field in ("Content-Disposition", "Content-Encoding", "Content-Language"):
        value = facts.get(field[0].lower() + field[1:].replace("-", ""))
        if value:
            headers[field] = value
    if whole:
        headers["X-Goog-Hash"] = hash_header(facts)
    # As UTF-8, like the service's.
    return {name: value.encode().decode("latin-1") for name, value in headers.items()}


def hash_header(facts: Mapping[str, Any]) -> str:
    """Give the value of `X-Goog-Hash`."""
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    return ",".join(f"{name}={facts[key]}" for name, key in names.items() if key in facts)


def stamp(nanoseconds: int) -> str:
    """Give a time, in nanoseconds since 1970, as the API writes it."""
    seconds, rest = divmod(nanoseconds, 10**9)
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{rest // 10**6:03d}Z"


def _http_time(text: str) -> str:
    when = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return format_datetime(when, usegmt=True)
