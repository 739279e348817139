"""The wires of a flow, as edges, a tree, a picture and plain values."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.samples import Fit, Score, Source, Spend
from vertex_flow import Flow, Param, When
from vertex_flow.wires import Edge, edges, tree


@pytest.fixture
def flow() -> Flow:
    score = Score()
    inner = When(score.share >= 0.5, [Spend(name="more", after=["spend"])])
    size = Param("size", 3)
    return Flow("sample", [Source(size=size), Fit(), score, When(score.passed, [Spend(), inner])])


def drawn(flow: Flow, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(tree(flow.graph))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_an_edge_stands_for_all_that_one_stage_takes_of_another(flow: Flow) -> None:
    assert edges(flow.graph) == (
        Edge("source", "fit", ("data",)),
        Edge("fit", "score", ("model",)),
        Edge("fit", "spend", ("model",)),
        Edge("score", "spend", (), "score.passed"),
        Edge("spend", "more"),
        Edge("fit", "more", ("model",)),
        Edge("score", "more", (), "score.passed and score.share >= 0.5"),
    )


def test_a_setting_is_an_edge_too() -> None:
    score = Score()
    flow = Flow("sample", [Source(), Fit(), score, Spend(amount=score.share, times=score.count)])
    assert Edge("score", "spend", ("share", "count")) in edges(flow.graph)


def test_the_tree_has_each_stage_below_the_last_that_it_waits_for(flow: Flow) -> None:
    assert drawn(flow) == [
        "sample",
        "└── source",
        "    └── fit  ← data",
        "        └── score  ← model",
        "            └── when score.passed",
        "                └── spend  ← fit.model",
        "                    └── when score.share >= 0.5",
        "                        └── more  ← fit.model",
    ]


def test_stages_that_wait_for_nothing_stand_side_by_side() -> None:
    flow = Flow("sample", [Source(), Source(name="other"), Fit()])
    assert drawn(flow) == ["sample", "├── source", "└── other", "    └── fit  ← data"]


def test_stages_in_one_condition_share_its_branch() -> None:
    ready = Param("ready", True)
    flow = Flow("sample", [When(ready, [Source(), Source(name="other")])])
    assert drawn(flow) == [
        "sample",
        "└── when Param('ready')",
        "    ├── source",
        "    └── other",
    ]


def test_words_of_the_user_are_no_markup() -> None:
    label = Param("label", "a")
    flow = Flow("sample", [When(label == "[red]\x1b[31m\u202e", [Source()])])
    assert drawn(flow)[1] == "└── when Param('label') == '[red]\\x1b[31m\\u202e'"


def test_the_plain_values(flow: Flow) -> None:
    facts = json.loads(json.dumps(flow.as_json()))
    assert facts["flow"] == "sample"
    assert facts["params"] == [{"name": "size", "type": "int", "default": 3}]
    assert facts["nodes"][3] == {
        "name": "spend",
        "class": "Spend",
        "inputs": {"model": "fit.model"},
        "outputs": {},
        "conditions": ["score.passed"],
    }
    assert facts["edges"][0] == {
        "source": "source",
        "target": "fit",
        "outputs": ["data"],
        "condition": "",
    }


def test_the_picture_names_every_stage(flow: Flow) -> None:
    root = ElementTree.fromstring(flow.svg())
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [one for one in texts if one in ("source", "fit", "score", "spend", "more")] == [
        "source",
        "fit",
        "score",
        "spend",
        "more",
    ]


def test_the_picture_has_no_line_past_a_stage_of_the_same_condition(flow: Flow) -> None:
    root = ElementTree.fromstring(flow.svg())
    words = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert "spend (if score.passed) after fit, score" in words
