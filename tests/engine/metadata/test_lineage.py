from __future__ import annotations

from typing import Any

import pytest

from tests.engine.clients import refused
from tests.engine.metadata.running import Place, ids


def attach(place: Place, context: str, *members: str) -> None:
    place.client.add_context_artifacts_and_executions(
        context=context,
        artifacts=[one for one in members if "/artifacts/" in one],
        executions=[one for one in members if "/executions/" in one],
    )


def events(place: Place, execution: str, **artifacts: list[str]) -> None:
    """Add INPUT and OUTPUT events."""
    place.client.add_execution_events(
        execution=execution,
        events=[
            {"artifact": name, "type_": kind.upper()}
            for kind, names in artifacts.items()
            for name in names
        ],
    )


def shape(graph: Any) -> tuple[list[str], list[str], list[tuple[str, str, str]]]:
    """Artifacts, executions and events of a subgraph, by their ids."""
    return (
        sorted(ids(one.name) for one in graph.artifacts),
        sorted(ids(one.name) for one in graph.executions),
        sorted((ids(one.execution), one.type_.name, ids(one.artifact)) for one in graph.events),
    )


@pytest.fixture
def chain(place: Place) -> Place:
    """data → train → model → test → score, train and what it touches in the context run."""
    data, model, score = (place.artifact(name) for name in ("data", "model", "score"))
    train, test = place.execution("train"), place.execution("test")
    events(place, train, input=[data], output=[model])
    events(place, test, input=[model], output=[score])
    attach(place, place.context("run"), train, data, model)
    return place


def query(place: Place, noun: str, identifier: str, method: str, **request: Any) -> Any:
    asked = getattr(place.client, method)
    return shape(asked(request={noun: f"{place.name}/{noun}s/{identifier}", **request}))


TRAINED = [("train", "INPUT", "data"), ("train", "OUTPUT", "model")]
TESTED = [("test", "INPUT", "model"), ("test", "OUTPUT", "score")]


def test_of_a_context(chain: Place) -> None:
    assert query(chain, "context", "run", "query_context_lineage_subgraph") == (
        ["data", "model"],
        ["train"],
        TRAINED,
    )


def test_of_an_execution(chain: Place) -> None:
    found = query(chain, "execution", "test", "query_execution_inputs_and_outputs")

    assert found == (["model", "score"], ["test"], TESTED)


@pytest.mark.parametrize(
    ("hops", "found"),
    [
        (0, (["data", "model", "score"], ["test", "train"], [*TESTED, *TRAINED])),
        (1, (["data"], ["train"], TRAINED[:1])),
        (2, (["data", "model"], ["train"], TRAINED)),
    ],
)
def test_of_an_artifact(chain: Place, hops: int, found: Any) -> None:
    asked = query(chain, "artifact", "data", "query_artifact_lineage_subgraph", max_hops=hops)

    assert asked == found


def test_of_an_artifact_with_a_filter(chain: Place) -> None:
    asked = query(
        chain,
        "artifact",
        "score",
        "query_artifact_lineage_subgraph",
        filter=f'name="{chain.name}/artifacts/model"',
    )

    assert asked == (["model", "score"], ["test", "train"], [*TESTED, TRAINED[1]])


def test_a_negative_number_of_hops(chain: Place) -> None:
    status, message = refused(
        chain.client.query_artifact_lineage_subgraph,
        request={"artifact": f"{chain.name}/artifacts/data", "max_hops": -1},
    )

    assert (status, message) == (
        "INVALID_ARGUMENT",
        "max_hops is -1; expected 0, for no limit, or more.",
    )


def test_an_event_that_is_there_is_skipped(chain: Place) -> None:
    events(chain, f"{chain.name}/executions/train", input=[f"{chain.name}/artifacts/data"])

    found = query(chain, "execution", "train", "query_execution_inputs_and_outputs")
    assert found[2] == TRAINED


def test_an_event_of_an_artifact_that_is_not_there(chain: Place) -> None:
    missing = f"{chain.name}/artifacts/none"

    with_event = {"execution": f"{chain.name}/executions/train", "events": [{"artifact": missing}]}
    assert refused(chain.client.add_execution_events, request=with_event) == (
        "NOT_FOUND",
        f'The Artifact "{missing}" does not exist.',
    )


def test_an_event_without_a_type(chain: Place) -> None:
    data = f"{chain.name}/artifacts/data"

    with_event = {"execution": f"{chain.name}/executions/train", "events": [{"artifact": data}]}
    assert refused(chain.client.add_execution_events, request=with_event) == (
        "INVALID_ARGUMENT",
        f'The event of "{data}" needs a type: INPUT or OUTPUT.',
    )


def test_a_deleted_artifact_leaves_the_lineage(chain: Place) -> None:
    chain.client.delete_artifact(name=f"{chain.name}/artifacts/data").result(timeout=60)

    found = query(chain, "execution", "train", "query_execution_inputs_and_outputs")
    assert found == (["model"], ["train"], TRAINED[1:])


def test_what_is_in_a_context(chain: Place) -> None:
    inside = f'in_context("{chain.name}/contexts/run")'

    assert sorted(chain.found("artifacts", inside)) == ["data", "model"]
    assert chain.found("executions", f'schema_title="system.Run" AND {inside}') == ["train"]


@pytest.fixture
def family(place: Place) -> Place:
    parent = place.context("parent")
    children = [place.context(name) for name in ("one", "two")]
    place.client.add_context_children(context=parent, child_contexts=children)
    return place


def test_children(family: Place) -> None:
    text = f'parent_contexts:"{family.name}/contexts/parent"'

    assert sorted(family.found("contexts", text)) == ["one", "two"]


def test_parents(family: Place) -> None:
    text = f'child_contexts:"{family.name}/contexts/one"'

    assert family.found("contexts", text) == ["parent"]


def test_a_context_names_its_parents_and_keeps_its_etag(family: Place) -> None:
    before = family.client.get_context(name=f"{family.name}/contexts/one")
    other = family.context("other")
    family.client.add_context_children(context=other, child_contexts=[before.name])

    after = family.client.get_context(name=before.name)

    assert list(after.parent_contexts) == [other, f"{family.name}/contexts/parent"]
    assert after.etag == before.etag


def test_remove_a_child(family: Place) -> None:
    one = f"{family.name}/contexts/one"
    family.client.remove_context_children(
        request={"context": f"{family.name}/contexts/parent", "child_contexts": [one]}
    )

    assert list(family.client.get_context(name=one).parent_contexts) == []


def test_a_deleted_parent_leaves_its_children(family: Place) -> None:
    family.client.delete_context(name=f"{family.name}/contexts/parent").result(timeout=60)

    found = family.client.get_context(name=f"{family.name}/contexts/one")
    assert list(found.parent_contexts) == []


def test_a_context_above_itself(family: Place) -> None:
    one, parent = f"{family.name}/contexts/one", f"{family.name}/contexts/parent"

    status, message = refused(
        family.client.add_context_children, context=one, child_contexts=[parent]
    )

    assert status == "INVALID_ARGUMENT"
    assert message == (
        f'The Context "{parent}" is "{one}" itself or above it: as its child it would make a cycle.'
    )


def test_eleven_parents(place: Place) -> None:
    child = place.context("child")
    for number in range(10):
        place.client.add_context_children(
            context=place.context(f"p{number}"), child_contexts=[child]
        )

    status, message = refused(
        place.client.add_context_children, context=place.context("more"), child_contexts=[child]
    )

    assert (status, message) == (
        "INVALID_ARGUMENT",
        f'The Context "{child}" would have 11 parents; at most 10 are allowed.',
    )
