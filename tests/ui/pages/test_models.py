"""Models and their versions."""

from __future__ import annotations

import attrs

from tests.ui.told import HOSTILE, ToldSite, facts, visitor
from vertex_flow.report.facts import RunFacts


class Known(ToldSite):
    """A place in which it is known what run has made a model."""

    def maker(self, model: str, version: str) -> RunFacts | None:
        return self.told if version == "1" else None


def page(path: str, text: str = "digits") -> str:
    return visitor(Known(facts(text))).get(f"/console/models{path}").text


def test_versions_are_listed_with_their_aliases_and_endpoints() -> None:
    said = page("")
    assert '<a href="/console/models/7/1">version 1</a>' in said
    assert ">default</span>" in said
    assert '<a href="/console/endpoints/9">9</a>' in said


def test_without_models_it_says_what_registers_one() -> None:
    class Empty(Known):
        def models(self) -> tuple[()]:
            return ()

    assert "No model is registered." in visitor(Empty(facts())).get("/console/models").text


def test_a_version_has_its_lineage_and_its_run() -> None:
    said = page("/7/1")
    assert '<a href="/console/runs/one">one</a>' in said
    assert "from digits</span>" in said


def test_a_version_says_what_it_was_made_from() -> None:
    assert "<div><dt>data</dt><dd>digits</dd></div>" in page("/7/1")


def test_a_version_of_unknown_origin_says_so() -> None:
    assert "No run that is known here has registered this version." in page("/7/2")


def test_a_version_that_is_not_there() -> None:
    answer = visitor(Known(facts())).get("/console/models/7/3")
    assert answer.status_code == 404
    assert "There is no version &#39;3&#39; of a model &#39;7&#39;." in answer.text


def test_hostile_text_is_text() -> None:
    said = page("", HOSTILE) + page("/7/1", HOSTILE)
    assert "<script>alert" not in said
    assert "<img src=x" not in said


def test_a_run_without_lineage() -> None:
    site = Known(attrs.evolve(facts(), lineage=()))
    assert "Made by the run" in visitor(site).get("/console/models/7/1").text
