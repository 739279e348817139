"""The stages in a compiled pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs import spec
from tests.samples import Fit, Source, compiled
from vertex_flow.report.specs import is_cached, stages_of


def test_stages_in_conditions_are_stages() -> None:
    assert sorted(stages_of(spec())) == ["fit", "score", "source", "spend"]


@pytest.mark.parametrize("odd", [None, {}, [], {"root": 3}, {"root": {"dag": {"tasks": []}}}])
def test_what_is_no_spec_has_no_stages(odd: Any) -> None:
    assert stages_of(odd) == {}


def test_a_stage_is_cached_when_all_of_it_is() -> None:
    found = compiled(Source(cache=False), Fit())
    assert (is_cached(found, "source"), is_cached(found, "fit")) == (False, True)
