"""The graph as a picture."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from vertex_flow.report.drawing import Node, draw

NS = "{http://www.w3.org/2000/svg}"
HOSTILE = ["<script>alert(1)</script>", '"><img src=x>', "]]>", "\x1b[31m\x00", "\u202e", "a&b;"]


def drawn(*nodes: Node) -> ElementTree.Element:
    return ElementTree.fromstring(draw(nodes, title="flow 'mnist'"))


def texts(svg: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in svg.iter(f"{NS}text")]


def test_each_node_is_a_box_with_its_name() -> None:
    svg = drawn(Node(name="load"), Node(name="train", after=("load",)))
    assert (texts(svg), len(list(svg.iter(f"{NS}rect")))) == (["load", "train"], 2)


def test_a_state_is_told_by_a_mark_and_in_words() -> None:
    assert texts(drawn(Node(name="train", state="FAILED")))[1] == "✗ failed"


def test_a_note_stands_for_the_words_of_the_state() -> None:
    assert texts(drawn(Node(name="train", state="RUNNING", note="epoch 3/6")))[1] == "● epoch 3/6"


def test_a_condition_is_said_and_dashed() -> None:
    svg = drawn(Node(name="deploy", condition="evaluate.passed"))
    assert texts(svg)[1] == "if evaluate.passed"
    assert next(svg.iter(f"{NS}rect")).get("stroke-dasharray")


def test_a_long_name_is_cut_and_told_whole_on_hovering() -> None:
    svg = drawn(Node(name="x" * 100))
    assert texts(svg)[0].endswith("…")
    assert any("x" * 100 in (one.text or "") for one in svg.iter(f"{NS}title"))


def test_a_link_goes_where_it_is_told_to() -> None:
    assert next(drawn(Node(name="train", href="#train")).iter(f"{NS}a")).get("href") == "#train"


def test_the_picture_is_told_in_words() -> None:
    svg = drawn(Node(name="load", state="SUCCEEDED"), Node(name="train", after=("load",)))
    title, desc = svg.find(f"{NS}title"), svg.find(f"{NS}desc")
    assert title is not None
    assert desc is not None
    assert (title.text, desc.text) == ("flow 'mnist'", "load (✓ succeeded); train after load")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_is_never_markup(text: str) -> None:
    node = Node(name=text, note=text, state="RUNNING", condition=text)
    svg = drawn(node, Node(name="b", after=(text,)))
    assert {one.tag.removeprefix(NS) for one in svg.iter()} == {
        "svg", "title", "desc", "g", "path", "rect", "text",
    }  # fmt: skip


def test_nothing_is_an_empty_picture() -> None:
    assert texts(drawn()) == []


def test_boxes_lie_within_the_picture() -> None:
    svg = drawn(*[Node(name=f"n{at}", after=(f"n{at // 2}",) if at else ()) for at in range(12)])
    width, height = float(svg.get("width", 0)), float(svg.get("height", 0))
    for box in svg.iter(f"{NS}rect"):
        x, y, w, h = (float(box.get(key, "nan")) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
