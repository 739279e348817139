import pickle

import joblib
import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.linear_model import LinearRegression

from vertex_flow.serving.model_files import ModelLoadError
from vertex_flow.serving.rows import InputError
from vertex_flow.serving.sklearn import LocalSklearnPredictor, read_matrix


@pytest.fixture
def model():
    return LinearRegression().fit([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], [0.0, 2.0, 2.0])


def answer(folder, body):
    predictor = LocalSklearnPredictor()
    predictor.load(str(folder))
    return predictor.postprocess(predictor.predict(predictor.preprocess(body)))


def test_a_joblib_model_predicts(tmp_path, model):
    joblib.dump(model, tmp_path / "model.joblib")

    assert pytest.approx([3.0]) == answer(tmp_path, {"instances": [[2, 1]]})["predictions"]


def test_a_pickled_model_predicts(tmp_path, model):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))

    assert pytest.approx([3.0]) == answer(tmp_path, {"instances": [[2, 1]]})["predictions"]


def test_wrong_features_are_a_value_error(tmp_path, model):
    joblib.dump(model, tmp_path / "model.joblib")

    with pytest.raises(ValueError, match="X has 3 features, but LinearRegression is expecting 2"):
        answer(tmp_path, {"instances": [[1, 2, 3]]})


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"no pickle")

    with pytest.raises(ModelLoadError, match=r"model\.pkl cannot be loaded: UnpicklingError"):
        LocalSklearnPredictor().load(str(tmp_path))


def test_instances_become_a_matrix():
    assert np.array_equal([[1, 2], [3, 4]], read_matrix({"instances": [[1, 2], [3, 4]]}))


def test_ragged_instances_are_refused():
    with pytest.raises(InputError) as caught:
        read_matrix({"instances": [[1, 2], [3]]})

    assert str(caught.value) == (
        "the instances differ in shape: instance 0 has the shape (2,), "
        "instance 1 has the shape (1,)."
    )
