"""The drawings of a run."""

from __future__ import annotations

from xml.etree import ElementTree

import attrs
import pytest
from pytest_mock import MockerFixture

from tests.ui.told import HOSTILE, facts
from vertex_flow.report.facts import Origin
from vertex_flow.ui import drawings
from vertex_flow.ui.drawings import Drawings


@pytest.fixture(scope="module")
def hand() -> Drawings:
    return Drawings()


def test_a_run_has_a_graph_and_curves(hand: Drawings) -> None:
    assert list(hand.of_run(facts())) == ["Graph", "Training of prepare"]


def test_a_search_has_three(hand: Drawings) -> None:
    found = hand.of_search(facts().searches[0])
    assert list(found) == ["Trials of prepare", "Best plain so far", "What matters"]


def test_hostile_text_is_text_in_all_of_them(hand: Drawings) -> None:
    told = facts(HOSTILE)
    drawn = [*hand.of_run(told).values(), *hand.of_search(told.searches[0]).values()]
    tags = {
        one.tag.rpartition("}")[2] for svg in drawn for one in ElementTree.fromstring(svg).iter()
    }
    assert {"script", "img", "image", "foreignObject"} & tags == set()


def test_a_chart_is_drawn_once(mocker: MockerFixture) -> None:
    drawn = mocker.patch.object(drawings, "svg", return_value="<svg/>")
    hand = Drawings()
    hand.of_run(facts())
    hand.of_run(facts())
    assert drawn.call_count == 1


def test_lineage_names_what_it_is_made_of(hand: Drawings) -> None:
    assert "model" in hand.of_lineage(facts())


def test_lineage_tells_things_of_one_name_apart(hand: Drawings) -> None:
    twins = (
        Origin(kind="data", id="a", label="digits"),
        Origin(kind="data", id="b", label="digits"),
    )
    drawn = hand.of_lineage(attrs.evolve(facts(), lineage=twins))
    assert "digits (a)" in drawn
    assert "digits (b)" in drawn


def test_without_lineage_there_is_nothing_to_draw(hand: Drawings) -> None:
    assert hand.of_lineage(facts(lineage=())) == ""


STEPS = (
    Origin(kind="code", id="c", label="code of fit"),
    Origin(kind="data", id="d", label="digits"),
    Origin(kind="stage", id="s", label="split", sources=("d",)),
    Origin(kind="artifact", id="a", label="split.train", sources=("s",)),
    Origin(kind="stage", id="f", label="fit", sources=("a", "c")),
    Origin(kind="model", id="m", label="fit.model", sources=("f",)),
    Origin(kind="stage", id="p", label="deploy", sources=("m",)),
)


def test_lineage_is_drawn_from_the_data_to_the_model(hand: Drawings) -> None:
    desc = ElementTree.fromstring(hand.of_lineage(facts(lineage=STEPS)))[1]
    said = "digits (data); split after digits; fit after split; fit.model (model) after fit"
    assert desc.text == said
