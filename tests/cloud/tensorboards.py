"""Vertex AI, what of it is asked before a run: locations, TensorBoard instances, endpoints."""

from __future__ import annotations

import re
from typing import Any

from tests.cloud.fake import Answer, Asked
from tests.cloud.rules import Rules, not_found


class Vertex:
    """Locations, TensorBoard instances and endpoints of one project.

    Attributes:
        locations: Ids of the locations that are offered.
        tensorboards: By resource name.
        endpoints: By resource name.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.locations = ["us-central1", "europe-west4"]
        self.tensorboards: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        prefix, permission = "aiplatform.projects.locations.", "aiplatform."
        rules.serve(
            "aiplatform.v1",
            "aiplatform.googleapis.com",
            {
                f"{prefix}list": (f"{permission}locations.list", self._locations),
                f"{prefix}endpoints.list": (f"{permission}endpoints.list", self._endpoints),
                f"{prefix}tensorboards.get": (f"{permission}tensorboards.get", self._get),
                f"{prefix}tensorboards.list": (f"{permission}tensorboards.list", self._list),
                f"{prefix}tensorboards.create": (f"{permission}tensorboards.create", self._create),
                f"{prefix}tensorboards.delete": (f"{permission}tensorboards.delete", self._delete),
                f"{prefix}tensorboards.operations.get": ("", self._operation),
            },
        )

    def add_tensorboard(self, display_name: str, **fields: Any) -> str:
        """Have an instance be there from the beginning; gives its resource name."""
        parent = f"projects/{self._rules.number}/locations/us-central1"
        name = f"{parent}/tensorboards/{self._rules.number_of()}"
        self.tensorboards[name] = {"name": name, "displayName": display_name, **fields}
        return name

    def _locations(self, asked: Asked) -> Answer:
        name = f"projects/{asked.parts[0]}/locations"
        return {
            "locations": [{"name": f"{name}/{one}", "locationId": one} for one in self.locations]
        }

    def _endpoints(self, _: Asked) -> Answer:
        return {"endpoints": list(self.endpoints.values())}

    def _get(self, asked: Asked) -> Answer:
        return self._found(asked)

    def _list(self, asked: Asked) -> Answer:
        found = list(self.tensorboards.values())
        if "filter" in asked.query:
            match = re.fullmatch('display_name="([^"]*)"', asked.query["filter"])
            assert match, asked.query
            found = [one for one in found if one["displayName"] == match[1]]
        return {"tensorboards": found}

    def _create(self, asked: Asked) -> Answer:
        name = self.add_tensorboard(**_snake(asked.body))
        return self._start(name, self.tensorboards[name])

    def _delete(self, asked: Asked) -> Answer:
        name = self._found(asked)["name"]
        del self.tensorboards[name]
        return self._start(name, {})

    def _start(self, name: str, response: Answer) -> Answer:
        kind = "Tensorboard" if response else ""
        typed = {
            "@type": f"type.googleapis.com/google.cloud.aiplatform.v1.{kind}"
            if kind
            else "type.googleapis.com/google.protobuf.Empty",
            **response,
        }
        return self._rules.operation(f"{name}/", typed)

    def _operation(self, asked: Asked) -> Answer:
        project, location, tensorboard, operation = asked.parts
        parent = f"projects/{project}/locations/{location}/tensorboards/{tensorboard}"
        return self._rules.poll(f"{parent}/operations/{operation}")

    def _found(self, asked: Asked) -> dict[str, Any]:
        number = asked.parts[2]
        for name, one in self.tensorboards.items():
            if name.endswith(f"/{number}"):
                return one
        raise not_found(f"tensorboard {number}")


def _snake(body: dict[str, Any]) -> dict[str, Any]:
    return {"display_name": body["displayName"], "labels": body.get("labels", {})}
