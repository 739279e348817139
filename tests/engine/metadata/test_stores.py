from __future__ import annotations

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.aiplatform_v1 import MetadataServiceClient

from tests.engine.clients import PARENT, refused
from tests.engine.metadata.running import Place


def test_the_default_store_is_there_when_it_is_asked_for(client: MetadataServiceClient) -> None:
    name = f"{PARENT}/metadataStores/default"

    assert client.get_metadata_store(name=name).name == name


def test_another_store_is_made_by_create_alone(client: MetadataServiceClient) -> None:
    name = f"{PARENT}/metadataStores/other"

    status, message = refused(client.get_metadata_store, name=name)

    assert (status, message) == ("NOT_FOUND", f'The MetadataStore "{name}" does not exist.')


def test_create_a_store_that_is_there(place: Place) -> None:
    status, message = refused(
        place.client.create_metadata_store,
        parent=PARENT,
        metadata_store={},
        metadata_store_id=place.name.rpartition("/")[2],
    )

    assert (status, message) == (
        "ALREADY_EXISTS",
        f'The MetadataStore "{place.name}" already exists.',
    )


def test_an_invalid_id(client: MetadataServiceClient) -> None:
    status, message = refused(
        client.create_metadata_store, parent=PARENT, metadata_store={}, metadata_store_id="My Store"
    )

    assert status == "INVALID_ARGUMENT"
    assert message == (
        "Invalid metadata_store_id 'My Store': expected 1 to 128 lower-case letters, digits, "
        "hyphens and underscores, a letter or digit first."
    )


def test_the_description_is_kept(client: MetadataServiceClient) -> None:
    made = client.create_metadata_store(
        parent=PARENT, metadata_store={"description": "ours"}, metadata_store_id="described"
    ).result(timeout=60)

    assert client.get_metadata_store(name=made.name).description == "ours"


def test_a_dataplex_connection_is_refused(client: MetadataServiceClient) -> None:
    status, message = refused(
        client.create_metadata_store,
        parent=PARENT,
        metadata_store={"dataplex_config": {"enabled_pipelines_lineage": True}},
        metadata_store_id="dataplex",
    )

    assert status == "INVALID_ARGUMENT"
    assert "'metadata_store.dataplex_config'" in message


def test_list(place: Place) -> None:
    assert place.name in [one.name for one in place.client.list_metadata_stores(parent=PARENT)]


def test_a_store_goes_with_all_that_is_in_it(place: Place) -> None:
    artifact = place.artifact()
    place.client.delete_metadata_store(name=place.name).result(timeout=60)

    with pytest.raises(NotFound):
        place.client.get_artifact(name=artifact)
    with pytest.raises(NotFound):
        place.client.get_metadata_store(name=place.name)
