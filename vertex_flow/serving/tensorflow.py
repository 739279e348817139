"""Predictor for TensorFlow SavedModels."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import tensorflow as tf
from google.cloud.aiplatform.prediction.predictor import Predictor

from vertex_flow.serving.model_files import ModelLoadError, model_file, model_folder
from vertex_flow.serving.rows import (
    STRING,
    Array,
    Input,
    InputError,
    read_instances,
    read_tensors,
    write_rows,
)

_SIGNATURE = "serving_default"
_log = logging.getLogger(__name__)


@attrs.frozen
class _Signature:
    call: Any
    inputs: tuple[Input, ...]


@attrs.frozen
class _Batch:
    signature: _Signature
    tensors: Mapping[str, Array]
    count: int


class TensorFlowPredictor(Predictor):  # type: ignore[misc]  # Google's classes are untyped
    """Calls a signature of a SavedModel, as TensorFlow Serving does.

    It is `serving_default`, unless the body has another one's name in `signature_name`.
    """

    def load(self, artifacts_uri: str, **_: object) -> None:
        """Load the model and call it once, so that the first request is quick.

        Args:
            artifacts_uri: Folder that holds `saved_model.pb`.

        Raises:
            ModelLoadError: There is no SavedModel with a serving signature.
        """
        folder = model_folder(artifacts_uri)
        _find_saved_model(folder)
        self._model = _load(folder)  # signatures die with their model
        self._signatures = _signatures(self._model, folder)
        self._warm(self._signatures[_SIGNATURE])

    def preprocess(self, prediction_input: Any) -> _Batch:
        """Turn the request's body into tensors.

        Args:
            prediction_input: The parsed body.

        Returns:
            The tensors, and how many instances they hold.

        Raises:
            InputError: The instances do not fit the signature.
        """
        instances = read_instances(prediction_input)
        name = prediction_input.get("signature_name", _SIGNATURE)
        signature = self._signatures.get(name) if isinstance(name, str) else None
        if signature is None:
            known = ", ".join(repr(each) for each in self._signatures)
            raise InputError(f"the model has no signature {name!r}; it has {known}.")
        return _Batch(signature, read_tensors(instances, signature.inputs), len(instances))

    def predict(self, instances: _Batch) -> tuple[dict[str, Array], int]:
        """Call the signature.

        Args:
            instances: What `preprocess` returned.

        Returns:
            The outputs by name, and how many instances they are for.

        Raises:
            InputError: TensorFlow refused the values.
        """
        try:
            tensors = {name: tf.constant(value) for name, value in instances.tensors.items()}
            outputs = instances.signature.call(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise InputError(f"the model refused the instances: {_words(error.message)}") from None
        return {name: value.numpy() for name, value in outputs.items()}, instances.count

    def postprocess(self, prediction_results: tuple[dict[str, Array], int]) -> dict[str, Any]:
        """Turn the outputs into the response's body.

        Args:
            prediction_results: What `predict` returned.

        Returns:
            `{"predictions": [...]}`, one an instance.
        """
        return {"predictions": write_rows(*prediction_results)}

    def _warm(self, signature: _Signature) -> None:
        if any(each.shape is None for each in signature.inputs):
            return
        tensors = {each.name: _example(each) for each in signature.inputs}
        try:
            self.predict(_Batch(signature, tensors, 1))
        except Exception as error:  # zeros need not be a valid input
            _log.info("the warm-up call did not succeed: %s", error)


def _find_saved_model(folder: Path) -> None:
    """Refuse a folder without a SavedModel; say what to do with a file of Keras."""
    found = sorted([*folder.glob("*.keras"), *folder.glob("*.h5")])
    if found and not (folder / "saved_model.pb").is_file():
        raise ModelLoadError(
            f"{folder} holds {found[0].name}, and the prebuilt TensorFlow image serves SavedModels "
            "only: export it with model.export(path), and upload that folder."
        )
    model_file(folder, ("saved_model.pb",), framework="TensorFlow")


def _words(message: str) -> str:
    """Keep of TensorFlow's error what is about the values, and not about the graph."""
    _, _, tail = message.rpartition("stack traces unavailable>")
    return tail.partition("[[{{")[0].strip()


def _load(folder: Path) -> Any:
    try:
        return tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow raises whatever the file makes it raise
        raise ModelLoadError(
            f"TensorFlow cannot load the SavedModel in {folder}: {type(error).__name__}: {error}"
        ) from error


def _signatures(model: Any, folder: Path) -> dict[str, _Signature]:
    if _SIGNATURE not in model.signatures:
        found = ", ".join(repr(name) for name in model.signatures) or "none"
        raise ModelLoadError(
            f"the SavedModel in {folder} has no signature {_SIGNATURE!r} (found: {found}): export "
            "it with model.export(path), or tf.saved_model.save(..., signatures=...)."
        )
    return {name: _read_signature(call) for name, call in model.signatures.items()}


def _read_signature(call: Any) -> _Signature:
    specs = call.structured_input_signature[1]
    return _Signature(call, tuple(_input(name, spec) for name, spec in specs.items()))


def _input(name: str, spec: Any) -> Input:
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    dtype = STRING if spec.dtype == tf.string else spec.dtype.name
    return Input(name=name, dtype=dtype, shape=shape)


def _example(spec: Input) -> Array:
    shape = [size or 1 for size in spec.shape or ()]
    if spec.dtype == STRING:
        return np.full(shape, b"", dtype=object)
    return np.zeros(shape, dtype=tf.dtypes.as_dtype(spec.dtype).as_numpy_dtype)
