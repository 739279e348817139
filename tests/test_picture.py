"""The picture of a flow."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.samples import Fit, Score, Source, Spend
from vertex_flow import Flow, When
from vertex_flow.picture import draw

NS = "{http://www.w3.org/2000/svg}"


def flow() -> Flow:
    score = Score()
    return Flow("sample", [Source(), Fit(), score, When(score.passed, [Spend(amount=score.share)])])


def test_each_stage_is_a_box_below_what_it_waits_for() -> None:
    svg = ElementTree.fromstring(draw(flow().graph))
    assert svg.findtext(f"{NS}title") == "flow 'sample'"
    said = svg.findtext(f"{NS}desc") or ""
    assert "spend" in said
    assert "score.passed" in "".join(svg.itertext())
    assert len(svg.findall(f"{NS}g/{NS}path")) >= 4


def test_a_flow_alone_in_a_cell_is_its_picture_or_its_wires() -> None:
    found = flow()
    shown = found._repr_mimebundle_(include=None, exclude=None)
    assert shown == {
        "text/html": f"<div>{draw(found.graph)}</div>",
        "text/plain": str(found),
    }
