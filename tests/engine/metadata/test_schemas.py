from __future__ import annotations

import pytest

from tests.engine.clients import refused
from tests.engine.metadata.running import Place

SCHEMA = {
    "schema": "title: acme.Prompt\ntype: object\n",
    "schema_version": "0.0.1",
    "schema_type": "ARTIFACT_TYPE",
}


def test_the_built_in_schemas_are_listed(place: Place) -> None:
    found = place.client.list_metadata_schemas(
        parent=place.name,
    )

    assert {"system-artifact-v0-0-1", "system-run-v0-0-1", "google-vertexmodel-v0-0-1"} <= {
        one.name.rpartition("/")[2] for one in found
    }


def test_get_a_built_in_schema(place: Place) -> None:
    found = place.client.get_metadata_schema(
        name=f"{place.name}/metadataSchemas/system-experiment-v0-0-1"
    )

    assert found.schema_type.name == "CONTEXT_TYPE"
    assert "title: system.Experiment" in found.schema


def test_a_schema_that_is_not_there_is_refused(place: Place) -> None:
    status, message = refused(place.artifact, schema_title="system.Modle")

    assert status == "INVALID_ARGUMENT"
    assert message == (
        'There is no MetadataSchema with the title "system.Modle". Create it first, or use one of '
        "the system's, such as system.Artifact. Did you mean 'system.Model'?"
    )


def test_an_artifact_of_a_schema_that_was_created(place: Place) -> None:
    place.client.create_metadata_schema(parent=place.name, metadata_schema=SCHEMA)

    made = place.client.get_artifact(name=place.artifact(schema_title="acme.Prompt"))

    assert made.schema_version == "0.0.1"


def test_create_a_version_twice(place: Place) -> None:
    create = place.client.create_metadata_schema
    create(parent=place.name, metadata_schema=SCHEMA)

    status, message = refused(create, parent=place.name, metadata_schema=SCHEMA)

    assert status == "ALREADY_EXISTS"
    assert message == 'The MetadataSchema "acme.Prompt" of version 0.0.1 already exists.'


@pytest.mark.parametrize("schema", ["type: object", "title: [a]", "title: 1", "- title"])
def test_a_schema_without_a_title(place: Place, schema: str) -> None:
    status, message = refused(
        place.client.create_metadata_schema,
        parent=place.name,
        metadata_schema={**SCHEMA, "schema": schema},
    )

    assert status == "INVALID_ARGUMENT"
    assert message == "schema must be the YAML text of an OpenAPI schema with a `title`."


def test_a_version_that_is_none(place: Place) -> None:
    status, message = refused(
        place.client.create_metadata_schema,
        parent=place.name,
        metadata_schema={**SCHEMA, "schema_version": "one"},
    )

    assert status == "INVALID_ARGUMENT"
    assert message == (
        "schema_version 'one' is invalid: expected three numbers with dots between them, such as "
        "0.0.1."
    )
