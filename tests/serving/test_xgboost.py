import sys
from types import ModuleType

import joblib
import pytest


class Booster:
    """Counts columns; stands in for XGBoost's, which need not be installed for this test."""

    def __init__(self, model_file=None):
        self.model_file = model_file

    def predict(self, matrix):
        return matrix.values.sum(axis=1)


class Wrapped:
    """A model of XGBoost's scikit-learn interface."""

    def get_booster(self):
        return Booster("wrapped")


class DMatrix:
    def __init__(self, values):
        self.values = values


@pytest.fixture
def predictor(monkeypatch):
    package = ModuleType("xgboost")
    package.Booster, package.DMatrix = Booster, DMatrix
    monkeypatch.setitem(sys.modules, "xgboost", package)
    for name in list(sys.modules):
        if name.startswith(("vertex_flow.serving.xgboost", "google.cloud.aiplatform.prediction.x")):
            monkeypatch.delitem(sys.modules, name)
    from vertex_flow.serving.xgboost import LocalXgboostPredictor

    yield LocalXgboostPredictor()
    for name in list(sys.modules):
        if name.startswith(("vertex_flow.serving.xgboost", "google.cloud.aiplatform.prediction.x")):
            monkeypatch.delitem(sys.modules, name)


def answer(predictor, folder, instances):
    predictor.load(str(folder))
    prepared = predictor.preprocess({"instances": instances})
    return predictor.postprocess(predictor.predict(prepared))


def test_a_model_predicts(predictor, tmp_path):
    (tmp_path / "model.bst").touch()

    assert answer(predictor, tmp_path, [[1, 2], [3, 4]]) == {"predictions": [3, 7]}


def test_xgboosts_own_file_comes_first(predictor, tmp_path):
    (tmp_path / "model.bst").touch()
    (tmp_path / "model.pkl").touch()
    predictor.load(str(tmp_path))

    assert predictor._booster.model_file == str(tmp_path / "model.bst")


def test_a_scikit_learn_wrapper_gives_its_booster(predictor, tmp_path):
    joblib.dump(Wrapped(), tmp_path / "model.joblib")
    predictor.load(str(tmp_path))

    assert predictor._booster.model_file == "wrapped"
