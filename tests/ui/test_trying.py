"""How an endpoint is tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tests.ui.told import facts
from vertex_flow.report.facts import RunFacts
from vertex_flow.report.snapshot import Artifact
from vertex_flow.ui.trying import Example, ImageInput, example, image_input, shares


def with_data(shape: Any, uri: str = "/nowhere") -> RunFacts:
    told = facts()
    data = Artifact("system.Dataset", uri, {} if shape is None else {"shape": shape})
    stage = attrs.evolve(told.stages[0], artifacts={"test_data": data})
    return attrs.evolve(told, stages=(stage,))


@pytest.mark.parametrize("shape", [[28, 28], [28, 28, 1], (8, 8), [28.0, 28.0]])
def test_images_that_can_be_drawn(shape: Any) -> None:
    found = image_input(with_data(shape))
    assert found == ImageInput(height=int(shape[0]), width=int(shape[1]))


@pytest.mark.parametrize(
    "shape", [None, [4], [28, 28, 3], [2, 2], [1000, 1000], "28", [float("nan"), 28], ["a", "b"], 3]
)
def test_what_is_no_image_that_can_be_drawn(shape: Any) -> None:
    assert image_input(with_data(shape)) is None


def test_a_model_of_unknown_origin_takes_no_images() -> None:
    assert image_input(None) is None


def test_an_image_goes_as_rows_flat_or_with_a_channel() -> None:
    forms = list(ImageInput(height=2, width=2).instances([0, 255, 51, 0]))
    assert forms == [
        [[0.0, 1.0], [0.2, 0.0]],
        [0.0, 1.0, 0.2, 0.0],
        [[[0.0], [1.0]], [[0.2], [0.0]]],
    ]


@pytest.mark.parametrize("pixels", [[], [0, 0, 0], [0, 0, 0, 256], [0, 0, 0, "a"], [0, 0, 0, None]])
def test_pixels_that_are_none(pixels: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"^An image here is 4 numbers from 0 to 255\.$"):
        list(ImageInput(height=2, width=2).instances(pixels))


def test_the_example_is_the_first_row_of_the_test_data(tmp_path: Path) -> None:
    file = tmp_path / "test_data"
    with file.open("wb") as opened:
        np.savez(opened, x=np.array([[1.5, 2.0]]), y=np.array([0]))
    assert example(with_data(None, str(file)), tmp_path) == Example("[[1.5, 2.0]]")


FORM = Example("[[0.0, 0.0]]")


def test_without_data_the_example_is_only_a_form(tmp_path: Path) -> None:
    assert example(with_data(None), tmp_path) == FORM


@pytest.mark.parametrize(
    "arrays",
    [{"y": [[1.0]]}, {"x": []}, {"x": [[]]}, {"x": [["a"]]}, {"x": [[0.0] * 101]}],
    ids=["no x", "no row", "an empty row", "texts", "a long row"],
)
def test_data_that_give_no_row(tmp_path: Path, arrays: dict[str, Any]) -> None:
    file = tmp_path / "test_data.npz"
    np.savez(file, **arrays)
    assert example(with_data(None, str(file)), tmp_path) == FORM


def test_an_array_that_is_large_when_it_is_unpacked_is_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "test_data.npz"
    np.savez_compressed(file, x=np.zeros((50_000_000, 1), "uint8"))
    assert file.stat().st_size < 1_000_000
    assert example(with_data(None, str(file)), tmp_path) == FORM


def test_damaged_data_give_a_form_and_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "test_data.npz"
    np.savez(file, x=np.array([[1.5, 2.0]]))
    file.write_bytes(file.read_bytes().replace(np.float64(1.5).tobytes(), b"damaged!"))
    assert example(with_data(None, str(file)), tmp_path) == Example(
        "[[0.0, 0.0]]",
        f"{file} cannot be read, so this is no row of it: BadZipFile: Bad CRC-32 for file 'x.npy'",
    )


def test_data_of_a_project_is_not_read_here(tmp_path: Path) -> None:
    file = tmp_path / "test_data"
    with file.open("wb") as opened:
        np.savez(opened, x=np.array([[1.5, 2.0]]))
    assert example(with_data(None, str(file)), None) == FORM


def test_probabilities_are_taken_as_they_are() -> None:
    assert shares([0.25, 0.75]) == ([("0", 0.25), ("1", 0.75)], True)


def test_scores_become_shares() -> None:
    found = shares([1000.0, 1000.0])
    assert found == ([("0", 0.5), ("1", 0.5)], True)


def test_scores_among_several_outputs() -> None:
    assert shares({"classes": 1, "scores": [0.0, 1.0]}) == ([("0", 0.0), ("1", 1.0)], True)


@pytest.mark.parametrize("label", [7, 7.0])
def test_a_class_alone(label: Any) -> None:
    assert shares(label) == ([("7", 1.0)], False)


@pytest.mark.parametrize(
    "prediction", ["7", [], [1], [[1, 2]], None, True, 0.5, float("nan"), [1, float("inf")], {}]
)
def test_what_is_neither(prediction: Any) -> None:
    assert shares(prediction) is None
