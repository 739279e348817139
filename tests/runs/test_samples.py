"""Sample predictions from what evaluation put out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vertex_flow.errors import SettingError
from vertex_flow.report.facts import Sample
from vertex_flow.report.snapshot import Artifact
from vertex_flow.runs import samples


def read(folder: Path, content: Any) -> tuple[Sample, ...]:
    (folder / "samples").write_text(json.dumps(content))
    return samples.read(None, Artifact("system.Artifact", str(folder / "samples"), {}))


def test_a_sample(tmp_path: Path) -> None:
    one = {"predicted": "a", "true": "b", "score": 0.5, "image": [[0, 1], [2, 255]], "text": "t"}
    assert read(tmp_path, {"samples": [one]}) == (
        Sample(predicted="a", true="b", score=0.5, image=((0, 1), (2, 255)), text="t"),
    )


@pytest.mark.parametrize("odd", [[], 7, {"samples": 7}, {"samples": [7, {"true": "a"}]}])
def test_what_has_another_form_is_left_out(tmp_path: Path, odd: Any) -> None:
    assert read(tmp_path, odd) == ()


@pytest.mark.parametrize(
    "odd", [7, [], [7], [[1], [1, 2]], [["<b>"]], [[256]], [[True]], [[1.5]], [[0] * 100]]
)
def test_an_odd_image_is_none(tmp_path: Path, odd: Any) -> None:
    (found,) = read(tmp_path, {"samples": [{"predicted": 1, "true": 2, "image": odd}]})
    assert found == Sample(predicted="1", true="2")


@pytest.mark.parametrize("odd", ["much", True, float("nan"), None])
def test_an_odd_score_is_none(tmp_path: Path, odd: Any) -> None:
    (found,) = read(tmp_path, {"samples": [{"predicted": 1, "true": 2, "score": odd}]})
    assert found.score is None


def test_no_more_than_a_hundred(tmp_path: Path) -> None:
    assert len(read(tmp_path, {"samples": [{"predicted": 1, "true": 2}] * 999})) == 100


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        read(tmp_path, "x" * 5_000_000)
