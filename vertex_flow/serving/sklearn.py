"""Predictor for scikit-learn models."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
from google.cloud.aiplatform.prediction.sklearn.predictor import SklearnPredictor

from vertex_flow.serving.model_files import ModelLoadError, model_file, model_folder
from vertex_flow.serving.rows import Array, InputError, nested_shape, read_instances


class LocalSklearnPredictor(SklearnPredictor):  # type: ignore[misc]  # Google's are untyped
    """Google's predictor, which reads the model where it lies and checks the instances."""

    def load(self, artifacts_uri: str, **_: object) -> None:
        """Load `model.joblib` or `model.pkl`.

        Args:
            artifacts_uri: Folder that holds it.

        Raises:
            ModelLoadError: There is no such file, or it cannot be loaded.
        """
        folder = model_folder(artifacts_uri)
        path = model_file(folder, ("model.joblib", "model.pkl"), framework="scikit-learn")
        self._model = read_pickle(path)

    def preprocess(self, prediction_input: Any) -> Array:
        """Turn the request's body into one array.

        Args:
            prediction_input: The parsed body.

        Returns:
            The instances, one a row.

        Raises:
            InputError: The instances are ragged.
        """
        return read_matrix(prediction_input)


def read_pickle(path: Any) -> Any:
    """Load a model that joblib or pickle wrote.

    Args:
        path: The file.

    Returns:
        The model.

    Raises:
        ModelLoadError: It cannot be loaded; the text says why.
    """
    try:
        if path.suffix == ".joblib":
            return joblib.load(path)
        return pickle.loads(path.read_bytes())  # noqa: S301 - the model's owner runs this server
    except Exception as error:  # a pickle runs code of its own
        raise ModelLoadError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def read_matrix(body: Any) -> Array:
    """Turn a request's body into an array with one instance a row.

    Args:
        body: The parsed body.

    Returns:
        The array; its type is what numpy makes of the values.

    Raises:
        InputError: The instances are ragged.
    """
    instances = read_instances(body)
    try:
        return np.asarray(instances)
    except ValueError:  # ragged: numpy does not say where
        shapes = [nested_shape(value, f"instance {at}") for at, value in enumerate(instances)]
        odd = next(at for at, shape in enumerate(shapes) if shape != shapes[0])
        raise InputError(
            f"the instances differ in shape: instance 0 has the shape {shapes[0]}, "
            f"instance {odd} has the shape {shapes[odd]}."
        ) from None
