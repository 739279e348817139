from __future__ import annotations

import pytest
from google.cloud.aiplatform_v1.types import Context

from vertex_flow.engine.state.links import Link, Links
from vertex_flow.engine.state.store import Store


@pytest.fixture
def links(store: Store) -> Links:
    for name in ("a", "b", "c", "run"):
        store.insert(Context(name=f"s/contexts/{name}"))
    links = Links(store)
    links.add(link("child", "a", "b"))
    links.add(link("child", "a", "c"))
    links.add(link("input", "run", "b", b"event"))
    return links


def link(kind: str, source: str, target: str, data: bytes = b"") -> Link:
    return Link(kind, f"s/contexts/{source}", f"s/contexts/{target}", data)


def ids(names: frozenset[str]) -> set[str]:
    return {name.removeprefix("s/contexts/") for name in names}


def test_from_either_end(links: Links) -> None:
    assert ids(links.targets("child", "s/contexts/a")) == {"b", "c"}
    assert ids(links.sources("child", "s/contexts/b")) == {"a"}


def test_all_links_of_a_resource(links: Links) -> None:
    assert links.of(("child", "input"), "s/contexts/b") == [
        link("child", "a", "b"),
        link("input", "run", "b", b"event"),
    ]


def test_a_link_that_is_there_stays_as_it_is(links: Links) -> None:
    links.add(link("input", "run", "b", b"other"))

    assert links.of(("input",), "s/contexts/run") == [link("input", "run", "b", b"event")]


def test_remove(links: Links) -> None:
    links.remove("child", "s/contexts/a", "s/contexts/b")

    assert ids(links.targets("child", "s/contexts/a")) == {"c"}


def test_forget_takes_both_ends(links: Links) -> None:
    links.forget(("child", "input"), "s/contexts/b")

    assert links.of(("child", "input"), "s/contexts/b") == []
    assert ids(links.targets("child", "s/contexts/a")) == {"c"}


def test_links_end_with_the_resource(links: Links, store: Store) -> None:
    store.delete("s/contexts/b")
    store.insert(Context(name="s/contexts/b"))

    assert ids(links.targets("child", "s/contexts/a")) == {"c"}


def test_sweep(links: Links, store: Store) -> None:
    store.delete("s/contexts/b")
    links.sweep()

    assert store.rows("SELECT COUNT(*) FROM links") == [(1,)]
