from __future__ import annotations

import pytest

from vertex_flow.engine.state.links import Link, Links
from vertex_flow.engine.state.store import Store


@pytest.fixture
def links(store: Store) -> Links:
    links = Links(store)
    links.add(Link("child", "a", "b"))
    links.add(Link("child", "a", "c"))
    links.add(Link("input", "run", "b", b"event"))
    return links


def test_from_either_end(links: Links) -> None:
    assert links.targets("child", "a") == {"b", "c"}
    assert links.sources("child", "b") == {"a"}


def test_all_links_of_a_resource(links: Links) -> None:
    assert links.of(("child", "input"), "b") == [
        Link("child", "a", "b"),
        Link("input", "run", "b", b"event"),
    ]


def test_a_link_that_is_there_stays_as_it_is(links: Links) -> None:
    links.add(Link("input", "run", "b", b"other"))

    assert links.of(("input",), "run") == [Link("input", "run", "b", b"event")]


def test_remove(links: Links) -> None:
    links.remove("child", "a", "b")

    assert links.targets("child", "a") == {"c"}


def test_forget_takes_both_ends(links: Links) -> None:
    links.forget(("child", "input"), "b")

    assert links.of(("child", "input"), "b") == []
    assert links.targets("child", "a") == {"c"}
