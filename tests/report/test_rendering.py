"""Charts as SVG."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.report.examples import HOSTILE, facts
from vertex_flow.report.charts import metrics
from vertex_flow.report.rendering import svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn() -> ElementTree.Element:
    return ElementTree.fromstring(svg(metrics(facts().scores), "Metrics of judge"))


def test_marks_say_their_values(drawn: ElementTree.Element) -> None:
    titles = [one.text for one in drawn.iter(f"{SVG}title")]
    assert titles[:2] == ["Metrics of judge", "accuracy 0.9712 >= 0.9: passed"]


def test_it_takes_colour_and_font_of_the_page(drawn: ElementTree.Element) -> None:
    attributes = [one.attrib for one in drawn.iter()]
    assert not [one for one in attributes if "font-family" in one]
    assert "currentColor" in {one.get("fill") for one in attributes}
    assert not {"#000", "black", "white", "#fff"} & {one.get("fill") for one in attributes}


def test_it_fits_narrow_pages(drawn: ElementTree.Element) -> None:
    assert "max-width:100%" in drawn.attrib["style"]
    assert "viewBox" in drawn.attrib


def test_ids_of_two_charts_are_different() -> None:
    clipped = {
        "data": {"values": [{"x": 1}]},
        "mark": {"type": "bar", "clip": True},
        "encoding": {"x": {"field": "x", "type": "quantitative"}},
    }
    found = [ElementTree.fromstring(svg(clipped, title)) for title in ("a", "b")]
    first, second = ({one.attrib["id"] for one in it.iter() if "id" in one.attrib} for it in found)
    assert first
    assert not first & second


def test_no_chart_is_no_text() -> None:
    assert svg(None, "nothing") == ""


def test_a_hostile_title_is_text() -> None:
    root = ElementTree.fromstring(svg(metrics(facts().scores), HOSTILE))
    title = root.find(f"{SVG}title")
    assert title is not None
    assert (title.text or "").startswith("<script>alert(1)</script>")
    assert root.find(f".//{SVG}script") is None


def test_the_engine_of_the_charts_is_not_loaded_before_one_is_drawn() -> None:
    code = (
        "import sys, vertex_flow.report.page, vertex_flow.engine.engine; print(sorted(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "vl_convert" not in loaded
    assert "'jinja2'" not in loaded
