"""A metadata store of a test's own, with what a test puts into it."""

from __future__ import annotations

import re
from typing import Any

import attrs
from google.cloud.aiplatform_v1 import MetadataServiceClient

from tests.engine.clients import PARENT


@attrs.frozen
class Place:
    """A metadata store of a test's own.

    Attributes:
        client: Google's client.
        name: Name of the store.
    """

    client: MetadataServiceClient
    name: str

    @classmethod
    def create(cls, client: MetadataServiceClient, test: str) -> Place:
        identifier = re.sub(r"[^a-z0-9]+", "-", test.lower())[:100].strip("-")
        client.create_metadata_store(
            parent=PARENT, metadata_store={}, metadata_store_id=identifier
        ).result(timeout=60)
        return cls(client, f"{PARENT}/metadataStores/{identifier}")

    def artifact(self, identifier: str | None = None, **fields: Any) -> str:
        fields = {"schema_title": "system.Artifact", **fields}
        return self.client.create_artifact(
            parent=self.name, artifact=fields, artifact_id=identifier
        ).name

    def execution(self, identifier: str | None = None, **fields: Any) -> str:
        fields = {"schema_title": "system.Run", **fields}
        return self.client.create_execution(
            parent=self.name, execution=fields, execution_id=identifier
        ).name

    def context(self, identifier: str | None = None, **fields: Any) -> str:
        fields = {"schema_title": "system.Experiment", **fields}
        return self.client.create_context(
            parent=self.name, context=fields, context_id=identifier
        ).name

    def found(self, collection: str, filter_text: str = "", **request: Any) -> list[str]:
        """List a collection, and give the ids."""
        listed = getattr(self.client, f"list_{collection}")
        answer = listed(request={"parent": self.name, "filter": filter_text, **request})
        return [ids(one.name) for one in answer]


def ids(name: str) -> str:
    """The last part of a name."""
    return name.rpartition("/")[2]
