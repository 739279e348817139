"""Data sets that are not what they should be: what the run's error says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.end_to_end.conftest import Lab
from vertex_flow import Flow, Param
from vertex_flow.stages import Evaluate, ImportDataset, Preprocess, Train

X, Y = np.zeros((20, 28, 28)), np.arange(20) % 2

# A model that needs no TensorFlow.
SKLEARN = """
import argparse, os
import joblib, numpy as np
from sklearn.dummy import DummyClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--train_data")
data = np.load(parser.parse_args().train_data)
model = DummyClassifier().fit(data["x"].reshape(len(data["x"]), -1), data["y"])
joblib.dump(model, os.environ["AIP_MODEL_DIR"] + "model.joblib")
"""


def refusal(lab: Lab, data: Path | str) -> str:
    """The last words of preprocessing, before the place of the log."""
    error = lab.failure(Flow("split", [ImportDataset(str(data)), Preprocess()]))
    assert (error.stage, error.task) == ("preprocess", "preprocessing")
    return error.reason.splitlines()[-2]


def test_a_file_that_is_missing(lab: Lab, tmp_path: Path):
    assert refusal(lab, tmp_path / "x.npz") == (
        f"FileNotFoundError: {tmp_path}/x.npz does not exist: expected an npz file as "
        "numpy.savez writes it."
    )


def test_a_path_that_is_relative(lab: Lab):
    assert refusal(lab, "x.npz") == (
        "FileNotFoundError: x.npz does not exist: expected an npz file as numpy.savez writes it. "
        "Give an absolute path or a gs:// URI."
    )


def test_a_file_that_is_cut_off(lab: Lab, tmp_path: Path):
    np.savez(tmp_path / "x.npz", x=X, y=Y)
    content = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(content[: len(content) // 2])
    assert refusal(lab, tmp_path / "x.npz") == (
        f"ValueError: {tmp_path}/x.npz is not an npz file, or it is truncated: write it again "
        "with numpy.savez."
    )


def test_arrays_of_other_names(lab: Lab, tmp_path: Path):
    np.savez(tmp_path / "x.npz", images=X, labels=Y)
    assert refusal(lab, tmp_path / "x.npz") == (
        f"ValueError: {tmp_path}/x.npz holds images, labels: expected the arrays x_train, "
        "y_train, x_test and y_test, or x and y, which are split."
    )


@pytest.mark.parametrize(
    ("x", "y", "fault"),
    [
        (
            X[0],
            Y,
            "x in {} has the shape (28, 28): expected images, (samples, height, width) or "
            "(samples, height, width, channels).",
        ),
        (X, Y[1:], "y in {} has 19 labels for 20 images: expected one an image."),
    ],
)
def test_arrays_of_other_shapes(lab: Lab, tmp_path: Path, x, y, fault):
    np.savez(tmp_path / "x.npz", x=x, y=y)
    assert refusal(lab, tmp_path / "x.npz") == "ValueError: " + fault.format(tmp_path / "x.npz")


def judged(lab: Lab, score: Evaluate) -> str:
    """The last words of evaluation, before the place of the log."""
    flow = Flow("judge", [lab.data, Preprocess(), Train(lab.trainer(SKLEARN)), score])
    error = lab.failure(flow)
    assert error.stage == "evaluate"
    return error.reason.splitlines()[-2]


def test_a_threshold_for_a_metric_that_is_not_computed(lab: Lab):
    words = judged(lab, Evaluate(thresholds={"recall_77": 0.9}))
    assert words.startswith(
        "ValueError: there is a threshold for 'recall_77', which is not computed. Did you mean "
    )


def test_a_threshold_that_no_metric_can_have(lab: Lab):
    words = judged(lab, Evaluate(thresholds={"accuracy": Param("least", 90.0)}))
    assert words == (
        "ValueError: the threshold of 'accuracy' is 90.0: expected a number from 0 to 1."
    )
