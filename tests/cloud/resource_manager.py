"""Resource Manager: the project, its labels and its policy."""

from __future__ import annotations

from tests.cloud.fake import Answer, Asked, Refused
from tests.cloud.rules import Policies, Rules


class ResourceManager:
    """Resource Manager of one project.

    Attributes:
        labels: The project's labels.
        state: The project's state.
        policies: Its policy, under the empty name.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.labels: dict[str, str] = {}
        self.state = "ACTIVE"
        self.policies = Policies(rules)
        self._etag = "first"
        prefix, permission = "cloudresourcemanager.projects.", "resourcemanager.projects."
        rules.serve(
            "cloudresourcemanager.v3",
            "cloudresourcemanager.googleapis.com",
            {
                f"{prefix}get": (f"{permission}get", self._get),
                f"{prefix}search": (f"{permission}get", lambda _: {"projects": [self._project()]}),
                f"{prefix}patch": (f"{permission}update", self._patch),
                f"{prefix}getIamPolicy": (f"{permission}getIamPolicy", self._read),
                f"{prefix}setIamPolicy": (f"{permission}setIamPolicy", self._write),
                "cloudresourcemanager.operations.get": ("", self._operation),
            },
        )

    def _get(self, asked: Asked) -> Answer:
        if asked.parts[0] not in (self._rules.id, self._rules.number):
            raise Refused(
                403, "PERMISSION_DENIED", "The caller does not have permission"
            )  # what is not there is not told from what is not allowed
        return self._project()

    def _patch(self, asked: Asked) -> Answer:
        assert asked.query["updateMask"] == "labels"
        if asked.body.get("etag") != self._etag:
            raise Refused(409, "ABORTED", "There were concurrent changes.")
        if len(asked.body["labels"]) > 64:
            raise Refused(400, "INVALID_ARGUMENT", "a project has up to 64 labels")
        self.labels = dict(asked.body["labels"])
        self._etag = f"etag-{self._rules.number_of()}"
        return self._rules.operation("", self._project())

    def _read(self, asked: Asked) -> Answer:
        return self.policies.read("", asked.body["options"]["requestedPolicyVersion"])

    def _write(self, asked: Asked) -> Answer:
        return self.policies.write("", asked.body["policy"])

    def _operation(self, asked: Asked) -> Answer:
        return self._rules.poll(f"operations/{asked.parts[0]}")

    def _project(self) -> Answer:
        return {
            "name": f"projects/{self._rules.number}",
            "projectId": self._rules.id,
            "state": self.state,
            "labels": self.labels,
            "etag": self._etag,
        }
