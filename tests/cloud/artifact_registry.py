"""Artifact Registry: repositories."""

from __future__ import annotations

from typing import Any

from tests.cloud.fake import Answer, Asked, Refused
from tests.cloud.rules import Policies, Rules, not_found


class ArtifactRegistry:
    """Artifact Registry of one project.

    Attributes:
        repositories: By resource name.
        policies: By resource name.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.repositories: dict[str, dict[str, Any]] = {}
        self.policies = Policies(rules)
        prefix = "artifactregistry.projects.locations.repositories."
        permission = "artifactregistry.repositories."
        rules.serve(
            "artifactregistry.v1",
            "artifactregistry.googleapis.com",
            {
                f"{prefix}get": (f"{permission}get", self._found),
                f"{prefix}list": (f"{permission}list", self._list),
                f"{prefix}create": (f"{permission}create", self._create),
                f"{prefix}patch": (f"{permission}update", self._patch),
                f"{prefix}delete": (f"{permission}delete", self._delete),
                f"{prefix}getIamPolicy": (f"{permission}getIamPolicy", self._read),
                f"{prefix}setIamPolicy": (f"{permission}setIamPolicy", self._write),
                "artifactregistry.projects.locations.operations.get": ("", self._operation),
            },
        )

    def add(self, name: str, location: str = "us-central1", **fields: Any) -> str:
        """Have a repository be there from the beginning; gives its resource name."""
        full = f"projects/{self._rules.id}/locations/{location}/repositories/{name}"
        self.repositories[full] = {"name": full, "format": "DOCKER", **fields}
        return full

    def _list(self, asked: Asked) -> Answer:
        prefix = f"projects/{asked.parts[0]}/locations/{asked.parts[1]}/"
        found = [one for name, one in self.repositories.items() if name.startswith(prefix)]
        return {"repositories": found}

    def _create(self, asked: Asked) -> Answer:
        name = _name((*asked.parts, asked.query["repositoryId"]))
        if name in self.repositories:
            raise Refused(409, "ALREADY_EXISTS", "the repository already exists")
        self.repositories[name] = {"name": name, "mode": "STANDARD_REPOSITORY", **asked.body}
        return self._start(asked, self.repositories[name])

    def _patch(self, asked: Asked) -> Answer:
        assert asked.query["updateMask"] == "labels"
        found = self._found(asked)
        found["labels"] = dict(asked.body.get("labels", {}))
        return found

    def _delete(self, asked: Asked) -> Answer:
        name = self._found(asked)["name"]
        del self.repositories[name]
        self.policies.drop(name)
        return self._start(asked, {})

    def _read(self, asked: Asked) -> Answer:
        version = asked.query.get("options.requestedPolicyVersion", 0)
        return self.policies.read(self._found(asked)["name"], version)

    def _write(self, asked: Asked) -> Answer:
        return self.policies.write(self._found(asked)["name"], asked.body["policy"])

    def _start(self, asked: Asked, response: Answer) -> Answer:
        project, location = asked.parts[:2]
        return self._rules.operation(f"projects/{project}/locations/{location}/", response)

    def _operation(self, asked: Asked) -> Answer:
        project, location, name = asked.parts
        return self._rules.poll(f"projects/{project}/locations/{location}/operations/{name}")

    def _found(self, asked: Asked) -> dict[str, Any]:
        name = _name(asked.parts)
        if name not in self.repositories:
            raise not_found(name)
        return self.repositories[name]


def _name(parts: tuple[str, ...]) -> str:
    project, location, repository = parts
    return f"projects/{project}/locations/{location}/repositories/{repository}"
