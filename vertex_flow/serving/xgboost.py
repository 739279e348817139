"""Predictor for XGBoost models."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from google.cloud.aiplatform.prediction.xgboost.predictor import XgboostPredictor

from vertex_flow.serving.model_files import model_file, model_folder
from vertex_flow.serving.sklearn import read_matrix, read_pickle

xgboost: Any = import_module("xgboost")  # an optional package, unknown to type checkers


class LocalXgboostPredictor(XgboostPredictor):  # type: ignore[misc]  # Google's are untyped
    """Google's predictor, which reads the model where it lies and checks the instances."""

    def load(self, artifacts_uri: str, **_: object) -> None:
        """Load `model.bst`, `model.joblib` or `model.pkl`.

        Args:
            artifacts_uri: Folder that holds it.

        Raises:
            ModelLoadError: There is no such file, or it cannot be loaded.
        """
        folder = model_folder(artifacts_uri)
        names = ("model.bst", "model.joblib", "model.pkl")
        path = model_file(folder, names, framework="XGBoost")
        if path.suffix == ".bst":
            self._booster = xgboost.Booster(model_file=str(path))
            return
        model = read_pickle(path)
        self._booster = model.get_booster() if hasattr(model, "get_booster") else model

    def preprocess(self, prediction_input: Any) -> Any:
        """Turn the request's body into XGBoost's matrix.

        Args:
            prediction_input: The parsed body.

        Returns:
            A DMatrix, one instance a row.

        Raises:
            InputError: The instances are ragged.
        """
        return xgboost.DMatrix(read_matrix(prediction_input))
