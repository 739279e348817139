"""What all services of a project have in common: whether they are on, and who may do what."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.cloud.fake import Answer, Asked, FakeCloud, Handler, Refused


class Rules:
    """A project as every service sees it.

    Attributes:
        cloud: Where it is served.
        id: Project id.
        number: Project number.
        enabled: Names of the enabled APIs; Service Usage always answers.
        denied: Permissions that the caller lacks.
        lag: How many requests a change takes until other services have heard of it.
        polls: How often a long-running operation is asked for until it is done.
    """

    def __init__(self, cloud: FakeCloud, project: str, number: str) -> None:
        self.cloud = cloud
        self.id = project
        self.number = number
        self.enabled: set[str] = set()
        self.denied: set[str] = set()
        self.lag = 0
        self.polls = 0
        self._waits: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._operations: dict[str, tuple[int, Answer]] = {}

    def serve(self, api: str, service: str, methods: Mapping[str, tuple[str, Handler]]) -> None:
        """Serve methods of an API.

        Args:
            api: Name and version, such as `iam.v1`.
            service: Name by which it is enabled; empty for what always answers.
            methods: By id, the permission that each needs and what answers.
        """
        guarded = {
            name: self._guard(service, permission, handler)
            for name, (permission, handler) in methods.items()
        }
        self.cloud.serve(api, guarded)

    def changed(self, what: str) -> None:
        """Have a name be unknown elsewhere for some requests."""
        self._waits[what] = self.lag

    def is_known(self, what: str) -> bool:
        """Tell whether others have heard of a name by now; each question counts."""
        self._waits[what] -= 1
        return self._waits[what] < 0

    def number_of(self) -> str:
        """A new number."""
        return str(next(self._numbers))

    def operation(self, prefix: str, response: Answer) -> Answer:
        """Start a long-running operation that ends with a response."""
        name = f"{prefix}operations/op-{self.number_of()}"
        answer = {"name": name, "done": True, "response": response}
        self._operations[name] = (self.polls, answer)
        return self.poll(name)

    def poll(self, name: str) -> Answer:
        """Answer for an operation."""
        left, answer = self._operations[name]
        self._operations[name] = (left - 1, answer)
        return answer if left <= 0 else {"name": name}

    def _guard(self, service: str, permission: str, handler: Handler) -> Handler:
        def guarded(asked: Asked) -> Answer:
            if service and not (service in self.enabled and self.is_known(service)):
                raise disabled(service, self.number)
            if permission in self.denied:
                raise denied(permission)
            return handler(asked)

        return guarded


def disabled(service: str, number: str) -> Refused:
    """What an API that is not enabled answers."""
    page = f"https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    message = (
        f"{service} has not been used in project {number} before or it is disabled. Enable it by "
        f"visiting {page} then retry."
    )
    if service.startswith("storage."):
        refused = Refused(403, "PERMISSION_DENIED", message)
        reason = {"message": message, "domain": "usageLimits", "reason": "accessNotConfigured"}
        refused.body = {"error": {"code": 403, "message": message, "errors": [reason]}}
        return refused
    return Refused(
        403,
        "PERMISSION_DENIED",
        message,
        reason="SERVICE_DISABLED",
        metadata={"service": service, "consumer": f"projects/{number}"},
    )


def denied(permission: str) -> Refused:
    """What a caller hears who lacks a permission."""
    message = f"Permission '{permission}' denied on resource (or it may not exist)."
    if permission.startswith(("storage.", "iam.")):
        return Refused(403, "PERMISSION_DENIED", message)
    return Refused(
        403,
        "PERMISSION_DENIED",
        message,
        reason="IAM_PERMISSION_DENIED",
        metadata={"permission": permission},
    )


def not_found(what: str) -> Refused:
    """What is not there."""
    return Refused(404, "NOT_FOUND", f"{what} was not found.")


class Policies:
    """IAM policies of the resources of one service.

    Args:
        rules: The project.
        conflict: HTTP status code for a policy that was written in between.
    """

    def __init__(self, rules: Rules, conflict: int = 409) -> None:
        self._rules = rules
        self._conflict = conflict
        self._found: dict[str, Any] = {}
        self.accounts: set[str] = set()

    def read(self, name: str, version: str | int) -> Answer:
        """A policy; conditions are shown to those who ask for version 3."""
        found = self._found.get(name, {"bindings": [], "etag": "first"})
        assert int(version) == 3, "conditions would be lost"
        conditional = any("condition" in one for one in found["bindings"])
        return {**found, "version": 3 if conditional else 1}

    def write(self, name: str, policy: Answer) -> Answer:
        """Replace a policy that nobody has written since it was read."""
        before = self.read(name, 3)
        if policy.get("etag") != before["etag"]:
            status = "ABORTED" if self._conflict == 409 else "FAILED_PRECONDITION"
            raise Refused(self._conflict, status, "There were concurrent policy changes.")
        conditional = any("condition" in one for one in policy.get("bindings", []))
        if conditional and policy.get("version") != 3:
            raise Refused(400, "INVALID_ARGUMENT", "conditions need version 3")
        self._check_members(policy)
        new = {"bindings": policy.get("bindings", []), "etag": f"etag-{self._rules.number_of()}"}
        self._found[name] = new
        return self.read(name, 3)

    def set(self, name: str, bindings: list[Any]) -> None:
        """Have a policy be there from the beginning, or be written by somebody else."""
        self._found[name] = {"bindings": bindings, "etag": f"etag-{self._rules.number_of()}"}

    def bindings(self, name: str) -> list[Any]:
        """The bindings of a policy, in an order of their own."""
        found = self._found.get(name, {"bindings": []})["bindings"]
        return sorted(({**one, "members": sorted(one["members"])} for one in found), key=repr)

    def drop(self, name: str) -> None:
        """Remove the policy of what is gone."""
        self._found.pop(name, None)

    def _check_members(self, policy: Answer) -> None:
        own = f"@{self._rules.id}.iam.gserviceaccount.com"
        members = {one for binding in policy.get("bindings", []) for one in binding["members"]}
        for member in sorted(members):
            email = member.removeprefix("serviceAccount:")
            if not (member.startswith("serviceAccount:") and email.endswith(own)):
                continue
            if email not in self.accounts or not self._rules.is_known(member):
                raise Refused(400, "INVALID_ARGUMENT", f"Service account {email} does not exist.")
