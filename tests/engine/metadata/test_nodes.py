from __future__ import annotations

from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud.aiplatform_v1.types import Context, Execution

from tests.engine.clients import refused
from tests.engine.metadata.running import Place, ids


def test_an_id_of_the_callers_choice(place: Place) -> None:
    assert place.context("my-experiment") == f"{place.name}/contexts/my-experiment"


def test_a_random_id(place: Place) -> None:
    assert place.artifact() != place.artifact()


def test_the_same_id_twice(place: Place) -> None:
    name = place.context("mine")

    assert refused(place.context, "mine") == (
        "ALREADY_EXISTS",
        f'The Context "{name}" already exists.',
    )


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"display_name": "x" * 129}, "display_name has 129 characters; at most 128 are allowed."),
        ({"labels": {"Team": "x"}}, "labels: 'Team': 'x' is not allowed."),
        ({"metadata": {"text": "x" * 300_000}}, "at most 204800 are allowed."),
    ],
)
def test_what_is_refused(place: Place, fields: dict[str, Any], why: str) -> None:
    status, message = refused(place.artifact, **fields)

    assert status == "INVALID_ARGUMENT"
    assert why in message


def test_an_id_that_is_too_long(place: Place) -> None:
    status, message = refused(place.execution, "x" * 129)

    assert status == "INVALID_ARGUMENT"
    assert message.startswith("Invalid execution_id 'xxx")


def test_in_a_store_that_is_not_there(place: Place) -> None:
    status, message = refused(
        place.client.create_artifact, parent=f"{place.name}-not", artifact={"uri": "gs://b/x"}
    )

    assert (status, message) == (
        "NOT_FOUND",
        f'The MetadataStore "{place.name}-not" does not exist.',
    )


def test_fields_come_back(place: Place) -> None:
    name = place.execution(
        display_name="train", metadata={"lr": 0.5, "deep": {"on": True}}, state="RUNNING"
    )

    found = place.client.get_execution(name=name)

    assert (found.display_name, found.state) == ("train", Execution.State.RUNNING)
    assert found.metadata["lr"] == 0.5
    assert dict(found.metadata["deep"]) == {"on": True}
    assert found.create_time == found.update_time


FILTERS = [
    ('schema_title = "system.Model"', ["model"]),
    ('schema_title="system.Model" OR schema_title="system.Dataset"', ["data", "model"]),
    ('display_name = "second"', ["model"]),
    ("metadata.accuracy.number_value > 0.9", ["model"]),
    ('metadata."input:n".number_value = 3', ["data"]),
    ('uri = "gs://b/data"', ["data"]),
    ("labels.team = vision", ["data"]),
    ("state = LIVE", ["data"]),
    ('create_time > "2026-01-01T00:00:00Z"', ["data", "model"]),
    ('update_time < "2026-01-01T00:00:00Z"', []),
    ("", ["data", "model"]),
]


@pytest.mark.parametrize(("text", "found"), FILTERS)
def test_filters(place: Place, text: str, found: list[str]) -> None:
    place.artifact(
        "data",
        schema_title="system.Dataset",
        uri="gs://b/data",
        labels={"team": "vision"},
        metadata={"input:n": 3},
        state="LIVE",
    )
    place.artifact(
        "model", schema_title="system.Model", display_name="second", metadata={"accuracy": 0.95}
    )

    assert sorted(place.found("artifacts", text)) == found


def test_order_and_pages(place: Place) -> None:
    for name in ("b", "a", "c"):
        place.context(name, display_name=name)

    assert place.found("contexts", order_by="display_name desc", page_size=2) == ["c", "b", "a"]


def test_what_the_update_mask_names_changes(place: Place) -> None:
    name = place.artifact(display_name="before", metadata={"a": 1, "b": 2})

    place.client.update_artifact(
        artifact={"name": name, "display_name": "after", "metadata": {"a": 3}},
        update_mask={"paths": ["metadata"]},
    )

    found = place.client.get_artifact(name=name)
    assert (found.display_name, dict(found.metadata)) == ("before", {"a": 3})


def test_without_a_mask_the_fields_that_are_set_change(place: Place) -> None:
    name = place.context(display_name="before", description="kept")

    place.client.update_context(context={"name": name, "display_name": "after"})

    found = place.client.get_context(name=name)
    assert (found.display_name, found.description) == ("after", "kept")


def test_the_schema_cannot_change(place: Place) -> None:
    name = place.context()

    status, message = refused(
        place.client.update_context, context={"name": name, "schema_title": "system.Pipeline"}
    )

    assert status == "INVALID_ARGUMENT"
    assert message == (
        "'schema_title' of a Context cannot be updated: it is \"system.Experiment\", and the "
        'request has "system.Pipeline".'
    )


def test_an_update_with_an_etag_of_yesterday(place: Place) -> None:
    """Google's client reads the sentence, and tries again."""
    first = place.client.get_context(name=place.context())
    second = place.client.update_context(context={"name": first.name, "display_name": "x"})

    stale = Context(name=first.name, display_name="y", etag=first.etag)
    status, message = refused(place.client.update_context, context=stale)

    assert status == "ABORTED"
    assert message == (
        f"Specified Context `etag`: `{first.etag}` does not match server `etag`: `{second.etag}`"
    )
    assert int(second.etag) > int(first.etag)


def test_update_what_is_missing(place: Place) -> None:
    name = f"{place.name}/contexts/fresh"
    context = {"name": name, "schema_title": "system.Experiment"}

    status, message = refused(place.client.update_context, context=context)
    place.client.update_context(request={"context": context, "allow_missing": True})

    assert (status, message) == ("NOT_FOUND", f'The Context "{name}" does not exist.')
    assert place.found("contexts") == ["fresh"]


def test_delete(place: Place) -> None:
    name = place.execution()
    place.client.delete_execution(name=name).result(timeout=60)

    with pytest.raises(NotFound):
        place.client.get_execution(name=name)


def test_delete_with_an_etag_of_yesterday(place: Place) -> None:
    name = place.execution()

    status, _ = refused(place.client.delete_execution, request={"name": name, "etag": "1"})

    assert status == "FAILED_PRECONDITION"
    assert place.client.get_execution(name=name).name == name


def test_purge_names_what_it_would_delete(place: Place) -> None:
    place.artifact("old", display_name="old")
    place.artifact("new")
    request = {"parent": place.name, "filter": 'display_name="old"'}

    answer = place.client.purge_artifacts(request=request).result(timeout=60)

    assert (answer.purge_count, [ids(one) for one in answer.purge_sample]) == (1, ["old"])
    assert sorted(place.found("artifacts")) == ["new", "old"]


def test_purge(place: Place) -> None:
    place.artifact("old", display_name="old")
    place.artifact("new")
    request = {"parent": place.name, "filter": 'display_name="old"', "force": True}

    answer = place.client.purge_artifacts(request=request).result(timeout=60)

    assert answer.purge_count == 1
    assert place.found("artifacts") == ["new"]


def test_purge_without_a_filter(place: Place) -> None:
    status, message = refused(place.client.purge_contexts, parent=place.name)

    assert status == "INVALID_ARGUMENT"
    assert message == (
        "filter is required: which contexts are purged, for example "
        'update_time <= "2026-01-31T00:00:00Z".'
    )
