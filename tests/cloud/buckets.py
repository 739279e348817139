"""Cloud Storage: buckets, whose names everybody shares, and the names of their objects."""

from __future__ import annotations

from typing import Any

from tests.cloud.fake import Answer, Asked, Refused
from tests.cloud.rules import Policies, Rules

_SHARED = (
    "The requested bucket name is not available. The bucket namespace is shared by all users of "
    "the system. Please select a different name and try again."
)
_OWN = "Your previous request to create the named bucket succeeded and you already own it."


class Buckets:
    """Buckets of one project, among those of others.

    Attributes:
        buckets: By name.
        others: Names of buckets of other projects, which the caller may not see.
        objects: By bucket, names of objects.
        policies: By name.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.buckets: dict[str, dict[str, Any]] = {}
        self.others: set[str] = set()
        self.objects: dict[str, list[str]] = {}
        self.policies = Policies(rules, conflict=412)
        prefix = "storage.buckets."
        rules.serve(
            "storage.v1",
            "storage.googleapis.com",
            {
                f"{prefix}insert": (f"{prefix}create", self._insert),
                f"{prefix}get": (f"{prefix}get", lambda asked: self._found(asked, "get")),
                f"{prefix}list": (f"{prefix}list", self._list),
                f"{prefix}patch": (f"{prefix}update", self._patch),
                f"{prefix}delete": (f"{prefix}delete", self._delete),
                f"{prefix}getIamPolicy": (f"{prefix}getIamPolicy", self._read),
                f"{prefix}setIamPolicy": (f"{prefix}setIamPolicy", self._write),
                "storage.objects.list": ("storage.objects.list", self._objects),
                "storage.objects.delete": ("storage.objects.delete", self._delete_object),
            },
        )

    def add(self, name: str, **fields: Any) -> None:
        """Have a bucket be there from the beginning."""
        self.buckets[name] = {
            "name": name,
            "id": name,
            "projectNumber": self._rules.number,
            "location": "US-CENTRAL1",
            "metageneration": "1",
            **fields,
        }

    def _insert(self, asked: Asked) -> Answer:
        name = asked.body["name"]
        assert asked.query["project"] == self._rules.id
        if name in self.others:
            raise Refused(409, "ALREADY_EXISTS", _SHARED)
        if name in self.buckets:
            raise Refused(409, "ALREADY_EXISTS", _OWN)
        given = {key: value for key, value in asked.body.items() if key != "name"}
        self.add(name, **{**given, "location": given["location"].upper()})
        return self.buckets[name]

    def _list(self, asked: Asked) -> Answer:
        prefix = asked.query.get("prefix", "")
        return {"items": [one for name, one in self.buckets.items() if name.startswith(prefix)]}

    def _patch(self, asked: Asked) -> Answer:
        found = self._found(asked, "update")
        if (
            asked.query.get("ifMetagenerationMatch", found["metageneration"])
            != (found["metageneration"])
        ):
            raise Refused(412, "FAILED_PRECONDITION", "conditionNotMet")
        labels = {**found.get("labels", {}), **asked.body["labels"]}
        found["labels"] = {key: value for key, value in labels.items() if value is not None}
        found["metageneration"] = str(int(found["metageneration"]) + 1)
        return found

    def _delete(self, asked: Asked) -> Answer:
        name = self._found(asked, "delete")["name"]
        if self.objects.get(name):
            raise Refused(409, "ALREADY_EXISTS", "The bucket you tried to delete is not empty.")
        del self.buckets[name]
        self.objects.pop(name, None)
        self.policies.drop(name)
        return {}

    def _read(self, asked: Asked) -> Answer:
        name = self._found(asked, "getIamPolicy")["name"]
        return self.policies.read(name, asked.query.get("optionsRequestedPolicyVersion", 0))

    def _write(self, asked: Asked) -> Answer:
        name = self._found(asked, "setIamPolicy")["name"]
        policy = {key: value for key, value in asked.body.items() if key != "resourceId"}
        return self.policies.write(name, policy)

    def _objects(self, asked: Asked) -> Answer:
        bucket = self._found(asked, "objects.list")["name"]
        names = self.objects.get(bucket, [])
        shown = names[: int(asked.query.get("maxResults", len(names)))]
        return {"items": [{"name": name, "bucket": bucket, "generation": "1"} for name in shown]}

    def _delete_object(self, asked: Asked) -> Answer:
        name = self._found(asked, "objects.delete")["name"]
        self.objects[name].remove(asked.parts[1])
        return {}

    def _found(self, asked: Asked, verb: str) -> dict[str, Any]:
        name = asked.parts[0]
        if name in self.others:
            message = (
                f"caller does not have storage.buckets.{verb} access to the Google Cloud Storage "
                f"bucket. Permission 'storage.buckets.{verb}' denied on resource (or it may not "
                "exist)."
            )
            raise Refused(403, "PERMISSION_DENIED", message)
        if name not in self.buckets:
            raise Refused(404, "NOT_FOUND", "The specified bucket does not exist.")
        return self.buckets[name]
