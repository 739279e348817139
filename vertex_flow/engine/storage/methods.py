"""The methods of the JSON API that take and give JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import attrs

from vertex_flow.engine.api.errors import invalid, not_found, unimplemented
from vertex_flow.engine.storage.buckets import Buckets
from vertex_flow.engine.storage.conditions import Conditions, number, plain_number
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.listing import Listing, Query
from vertex_flow.engine.storage.objects import Found, Objects, components
from vertex_flow.engine.storage.parameters import check
from vertex_flow.engine.storage.records import FOLDER, Facts, Records
from vertex_flow.engine.storage.resources import show_bucket, show_object
from vertex_flow.engine.storage.selection import Selection


@attrs.frozen(kw_only=True)
class Call:
    """A request.

    Attributes:
        verb: The HTTP verb.
        path: The path below `/storage/v1/`, as it was sent: names are percent-encoded.
        query: Query parameters; of a repeated one, all values.
        headers: Headers, names in lower case.
        body: Parsed JSON, or None.
        root: Root URL of the API as the caller reaches it.
    """

    verb: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any
    root: str

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters, of a repeated one the last value."""
        return {name: values[-1] for name, values in self.query.items()}

    @property
    def conditions(self) -> Conditions:
        """What has to hold of the object or the bucket."""
        return Conditions.of(self.parameters, self.headers)

    def number(self, name: str) -> int | None:
        """Give a query parameter that is a number, or None when it is not there."""
        return number(self.parameters, name) if name in self.query else None


class Methods:
    """The methods; each answers a call with JSON, or None where there is nothing to say.

    Args:
        files: The folder of the buckets.
        records: What is known of them.
        buckets: The buckets.
        objects: The objects.
    """

    def __init__(self, files: Files, records: Records, buckets: Buckets, objects: Objects) -> None:
        self._files = files
        self._records = records
        self._buckets = buckets
        self._objects = objects
        self._routes: tuple[tuple[str, str, Callable[..., Any]], ...] = (
            ("GET", "b", self._list_buckets),
            ("POST", "b", self._insert_bucket),
            ("GET", "b/*", self._get_bucket),
            ("PATCH", "b/*", self._patch_bucket),
            ("PUT", "b/*", self._patch_bucket),
            ("DELETE", "b/*", self._delete_bucket),
            ("GET", "b/*/storageLayout", self._layout),
            ("GET", "b/*/iam", self._get_policy),
            ("PUT", "b/*/iam", self._set_policy),
            ("GET", "b/*/iam/testPermissions", self._test_permissions),
            ("GET", "b/*/o", self._list_objects),
            ("GET", "b/*/o/*", self._get_object),
            ("PATCH", "b/*/o/*", self._patch_object),
            ("PUT", "b/*/o/*", self._patch_object),
            ("DELETE", "b/*/o/*", self._delete_object),
            ("POST", "b/*/o/*/compose", self._compose),
            ("POST", "b/*/o/*/copyTo/b/*/o/*", self._copy),
            ("POST", "b/*/o/*/rewriteTo/b/*/o/*", self._rewrite),
            ("POST", "b/*/o/*/moveTo/o/*", self._move),
        )

    def answer(self, call: Call) -> Any:
        """Answer a call.

        Raises:
            ApiError: What Cloud Storage would refuse.
        """
        check(call.query, call.headers)
        selection = Selection(call.parameters.get("fields", ""))
        method, names = self._route(call)
        return selection.of(method(call, *names))

    def shown(self, call: Call, found: Found) -> Facts:
        """Give an object as the API shows it, with checksums where the caller wants them."""
        selection = Selection(call.parameters.get("fields", ""))
        if selection.wants("crc32c", "md5Hash"):
            found = self._objects.hashed(found)
        return show_object(call.root, found.bucket, found.name, found.version, found.facts)

    def _route(self, call: Call) -> tuple[Callable[..., Any], list[str]]:
        parts = call.path.strip("/").split("/")
        others = []
        for verb, pattern, method in self._routes:
            names = _match(pattern.split("/"), parts)
            if names is None:
                continue
            if verb == call.verb:
                return method, names
            others.append(verb)
        if others:
            raise not_found(
                f"/storage/v1/{call.path} answers {', '.join(others)}, not {call.verb}."
            )
        raise unimplemented(
            f"The local engine has no {call.verb} /storage/v1/{call.path}. It serves buckets, "
            "their IAM policies, and objects; not access control lists, notifications, HMAC keys "
            "and folders of hierarchical namespaces."
        )

    def _list_buckets(self, call: Call) -> Facts:
        query = call.parameters
        names = [name for name in self._buckets.names() if name.startswith(query.get("prefix", ""))]
        names = [name for name in names if name > query.get("pageToken", "")]
        size = min(call.number("maxResults") or 1000, 1000)
        items = [self._shown_bucket(call, name) for name in names[:size]]
        more = {"nextPageToken": names[size - 1]} if len(names) > size else {}
        return {"kind": "storage#buckets", "items": items, **more}

    def _insert_bucket(self, call: Call) -> Facts:
        project = call.parameters.get("project", "")
        name, facts = self._buckets.insert(call.body, project.replace("<none>", ""))
        return self._shown_bucket(call, name, facts)

    def _get_bucket(self, call: Call, bucket: str) -> Facts:
        facts = self._buckets.find(bucket)
        call.conditions.check(facts, reading=True)
        return self._shown_bucket(call, bucket, facts)

    def _patch_bucket(self, call: Call, bucket: str) -> Facts:
        whole = call.verb == "PUT"
        facts = self._buckets.patch(bucket, call.body, call.conditions, whole=whole)
        return self._shown_bucket(call, bucket, facts)

    def _delete_bucket(self, call: Call, bucket: str) -> None:
        self._buckets.delete(bucket, call.conditions)

    def _layout(self, call: Call, bucket: str) -> Facts:
        shown = self._shown_bucket(call, bucket)
        return {
            "kind": "storage#storageLayout",
            "bucket": bucket,
            "location": shown["location"],
            "locationType": shown["locationType"],
            "hierarchicalNamespace": {"enabled": False},
        }

    def _get_policy(self, _: Call, bucket: str) -> Facts:
        return self._buckets.policy(bucket)

    def _set_policy(self, call: Call, bucket: str) -> Facts:
        return self._buckets.set_policy(bucket, call.body)

    def _test_permissions(self, call: Call, bucket: str) -> Facts:
        self._buckets.find(bucket)
        asked = call.query.get("permissions", [])
        return {"kind": "storage#testIamPermissionsResponse", "permissions": asked}

    def _list_objects(self, call: Call, bucket: str) -> Facts:
        listing = Listing(
            bucket=bucket,
            files=self._files,
            objects=self._objects,
            folders=frozenset(self._records.folders(bucket)),
        )
        page = listing.page(Query.of(call.parameters))
        answer: Facts = {"kind": "storage#objects"}
        if page.token:
            answer["nextPageToken"] = page.token
        if page.prefixes:
            answer["prefixes"] = page.prefixes
        if page.items:
            answer["items"] = [self.shown(call, found) for found in page.items]
        return answer

    def _get_object(self, call: Call, bucket: str, name: str) -> Facts:
        found = self._objects.find(bucket, name, generation=call.number("generation"))
        call.conditions.check(found.facts, reading=True)
        return self.shown(call, found)

    def _patch_object(self, call: Call, bucket: str, name: str) -> Facts:
        self._objects.find(bucket, name, generation=call.number("generation"))
        whole = call.verb == "PUT"
        found = self._objects.patch(bucket, name, call.body, call.conditions, whole=whole)
        return self.shown(call, found)

    def _delete_object(self, call: Call, bucket: str, name: str) -> None:
        self._objects.delete(bucket, name, call.conditions, call.number("generation"))

    def _compose(self, call: Call, bucket: str, name: str) -> Facts:
        body = call.body if isinstance(call.body, dict) else {}
        sources = [self._component(bucket, one) for one in components(body)]
        metadata = body.get("destination")
        found = self._objects.compose(sources, bucket, name, metadata, call.conditions)
        return self.shown(call, found)

    def _component(self, bucket: str, component: Any) -> Found:
        if not isinstance(component, dict) or not isinstance(component.get("name"), str):
            raise invalid("Each of sourceObjects is a JSON object with a name.")
        generation = component.get("generation")
        if generation is not None:
            generation = plain_number(generation, "generation")
        found = self._objects.find(bucket, component["name"], generation=generation)
        conditions = component.get("objectPreconditions") or {}
        if not isinstance(conditions, dict):
            raise invalid("objectPreconditions is a JSON object.")
        wanted = conditions.get("ifGenerationMatch")
        if wanted is not None:
            number = plain_number(wanted, "ifGenerationMatch")
            Conditions({"ifGenerationMatch": number}, {}).check(found.facts)
        return found

    def _source(self, call: Call, bucket: str, name: str) -> Found:
        found = self._objects.find(bucket, name, generation=call.number("sourceGeneration"))
        Conditions.of(call.parameters, call.headers, kind="ifSource").check(found.facts)
        return found

    def _copy(self, call: Call, bucket: str, name: str, to_bucket: str, to_name: str) -> Facts:
        source = self._source(call, bucket, name)
        found = self._objects.copy(source, to_bucket, to_name, call.body, call.conditions)
        return self.shown(call, found)

    def _rewrite(self, call: Call, bucket: str, name: str, to_bucket: str, to_name: str) -> Facts:
        source = self._source(call, bucket, name)
        found = self._objects.copy(source, to_bucket, to_name, call.body, call.conditions)
        size = str(0 if found.version == FOLDER else found.version.size)
        return {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": size,
            "objectSize": size,
            "done": True,
            "resource": self.shown(call, found),
        }

    def _move(self, call: Call, bucket: str, name: str, to_name: str) -> Facts:
        source = self._source(call, bucket, name)
        return self.shown(call, self._objects.move(source, to_name, call.conditions))

    def _shown_bucket(self, call: Call, bucket: str, facts: Facts | None = None) -> Facts:
        facts = facts or self._buckets.find(bucket)
        return show_bucket(call.root, bucket, facts, self._buckets.project_number(facts))


def decoded(part: str) -> str:
    """Give a name that stands percent-encoded in a path.

    Raises:
        ApiError: INVALID_ARGUMENT for what is no UTF-8.
    """
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid(f"{part!r} in the path is not valid UTF-8.") from error


def _match(pattern: list[str], parts: list[str]) -> list[str] | None:
    """Give what stands for the stars of a pattern, or None when the path is another one."""
    if len(pattern) != len(parts):
        return None
    pairs = list(zip(pattern, parts, strict=True))
    if any(wanted not in ("*", part) for wanted, part in pairs):
        return None
    return [decoded(part) for wanted, part in pairs if wanted == "*"]
