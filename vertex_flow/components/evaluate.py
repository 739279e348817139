"""Measures a classifier on test data and decides whether it is good enough."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: B006, PLR0917 - KFP calls by name, and writes the defaults into what it compiles
# ruff: noqa: D417 - KFP reads the description of an output under Returns

from typing import TYPE_CHECKING, Any, NamedTuple

from kfp import dsl
from kfp.dsl import Artifact, ClassificationMetrics, Dataset, Input, Metrics, Model, Output

from vertex_flow.components._arrays import check_images, check_labels, read_arrays
from vertex_flow.components._images import TENSORFLOW_IMAGE
from vertex_flow.components._values import parse_value, parse_values, resolve_markers

if TYPE_CHECKING:
    import numpy as np


def check_thresholds(thresholds: dict[str, Any]) -> None:
    """Refuse thresholds that no metric, a number from 0 to 1, can be compared with."""
    for name, least in thresholds.items():
        number = isinstance(least, (int, float)) and not isinstance(least, bool)
        if not (number and 0 <= least <= 1):
            raise ValueError(
                f"the threshold of {name!r} is {least!r}: expected a number from 0 to 1."
            )


def load_predictor(path: str, uri: str) -> Any:
    """Load a model as a function from images to scores or labels."""
    import os

    found = sorted(os.listdir(path)) if os.path.isdir(path) else []
    if "saved_model.pb" in found:
        return load_saved_model(path, uri)
    pickled = next((name for name in ("model.joblib", "model.pkl") if name in found), None)
    if pickled is None:
        raise FileNotFoundError(
            f"{uri} holds no model that can be evaluated: expected a SavedModel folder "
            "(saved_model.pb), model.joblib or model.pkl. "
            f"Found: {', '.join(found) or 'nothing'}."
        )
    import joblib

    estimator = joblib.load(os.path.join(path, pickled))
    return lambda x: estimator.predict(x.reshape(len(x), -1))


def load_saved_model(path: str, uri: str) -> Any:
    """Load the serving signature of a SavedModel as a function from images to scores."""
    import importlib
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # By name: what a component imports by statement is loaded ahead on the local engine, and with
    # another model that would be for nothing.
    tf = importlib.import_module("tensorflow")

    loaded = tf.saved_model.load(path)
    signature = loaded.signatures.get("serving_default")
    inputs = signature.structured_input_signature[1] if signature else {}
    if len(inputs) != 1:
        raise ValueError(
            f"the SavedModel {uri} needs a signature serving_default with one input: it has the "
            f"signatures {sorted(loaded.signatures)} and the inputs {sorted(inputs)}."
        )
    name, spec = next(iter(inputs.items()))

    def predict(x: Any) -> Any:
        _keep = loaded  # the signature alone does not keep the variables alive
        fitted = fit_shape(x, spec.shape.rank)
        if not spec.shape.is_compatible_with(fitted.shape):  # TensorFlow itself lets many pass
            raise ValueError(f"its input {name!r} takes {tuple(spec.shape)}")
        outputs = signature(**{name: tf.cast(fitted, spec.dtype)})
        return choose_output({key: value.numpy() for key, value in outputs.items()}, uri)

    return predict


def fit_shape(x: "np.ndarray[Any, Any]", rank: "int | None") -> "np.ndarray[Any, Any]":
    """Add or drop a last axis of one channel where the model's input has or lacks it."""
    if rank == x.ndim + 1:
        return x[..., None]
    return x[..., 0] if rank == x.ndim - 1 and x.shape[-1] == 1 else x


def choose_output(outputs: dict[str, Any], uri: str) -> Any:
    """Choose the scores of the classes among the outputs of a signature."""
    scores = outputs
    if len(outputs) > 1:
        scores = {
            key: value for key, value in outputs.items() if value.ndim == 2 and value.shape[1] > 1
        }
    if len(scores) != 1:
        shapes = ", ".join(f"{key} {value.shape}" for key, value in sorted(outputs.items()))
        raise ValueError(
            f"the signature serving_default of {uri} gives {shapes}: expected exactly one output "
            "with a score for each class, (samples, classes)."
        )
    return next(iter(scores.values()))


def predict_batches(
    predict: Any, x: "np.ndarray[Any, Any]", batch_size: int, uri: str
) -> "np.ndarray[Any, Any]":
    """Predict in batches; returns scores or labels of all samples."""
    import numpy as np

    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: expected 1 or more.")
    parts = []
    for start in range(0, len(x), batch_size):
        batch = x[start : start + batch_size]
        try:
            part = np.asarray(predict(batch))
        except Exception as error:
            raise ValueError(
                f"the model {uri} cannot predict images of the shape {x.shape[1:]} "
                f"({type(error).__name__}: {error})"
            ) from error
        if part.ndim not in (1, 2) or len(part) != len(batch):
            raise ValueError(
                f"the model {uri} gave predictions of the shape {part.shape} for {len(batch)} "
                f"images: expected ({len(batch)}, classes) scores or ({len(batch)},) labels."
            )
        parts.append(part)
    return np.concatenate(parts)


def as_labels(
    predictions: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]", uri: str
) -> "tuple[np.ndarray[Any, Any], int]":
    """Turn predictions into labels; returns them and the number of classes."""
    import numpy as np

    if predictions.dtype.kind not in "uifb":
        raise ValueError(f"the model {uri} predicts {predictions.dtype}: expected numbers.")
    if not np.isfinite(predictions).all():
        raise ValueError(
            f"the model {uri} predicts NaN or infinity: its training diverged. Try a smaller "
            "learning rate."
        )
    if predictions.ndim == 2 and predictions.shape[1] > 1:
        if y.max() >= predictions.shape[1]:
            raise ValueError(
                f"the test labels go up to {y.max()}, but the model {uri} knows "
                f"{predictions.shape[1]} classes: train it on the same classes."
            )
        return predictions.argmax(axis=1), predictions.shape[1]
    flat = predictions.reshape(-1)
    # One floating-point score a sample is the probability of class 1; else these are labels.
    binary = predictions.ndim == 2 or (flat.dtype.kind == "f" and (flat % 1 != 0).any())
    labels = (flat >= 0.5).astype(np.int64) if binary else flat.astype(np.int64)
    if labels.min() < 0:
        raise ValueError(f"the model {uri} predicts the label {labels.min()}: expected 0 or more.")
    return labels, int(max(labels.max(), y.max(), 1)) + 1


def measure(matrix: "np.ndarray[Any, Any]") -> dict[str, float]:
    """Compute the metrics of a confusion matrix, rows true and columns predicted.

    The averages are over the classes that occur; what has no samples counts as 0.
    """
    import numpy as np

    hits = np.diag(matrix).astype(float)
    true, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(true + predicted, 1)
    present = np.flatnonzero(true + predicted)
    metrics = {
        "accuracy": hits.sum() / matrix.sum(),
        "precision": precision[present].mean(),
        "recall": recall[present].mean(),
        "f1": f1[present].mean(),
    }
    for label in present:
        metrics[f"precision_{label}"] = precision[label]
        metrics[f"recall_{label}"] = recall[label]
    return {name: float(value) for name, value in metrics.items()}


def compare(computed: dict[str, float], thresholds: dict[str, Any]) -> bool:
    """Tell whether every metric reaches its threshold, one printed line for each."""
    import difflib

    passed = True
    for name, least in thresholds.items():
        if name not in computed:
            close = difflib.get_close_matches(name, list(computed), n=1, cutoff=0.5)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"there is a threshold for {name!r}, which is not computed.{hint} "
                f"Computed: {', '.join(computed)}."
            )
        reached = computed[name] >= least
        sign, word = (">=", "passed") if reached else ("<", "not passed")
        print(f"{name} {computed[name]:.4f} {sign} {least:g}: {word}")  # noqa: T201 - the task's log
        passed = passed and reached
    return passed


def choose_samples(
    y: "np.ndarray[Any, Any]",
    predicted: "np.ndarray[Any, Any]",
    scores: "np.ndarray[Any, Any] | None",
    most: int,
) -> list[int]:
    """Choose samples to look at, by index: the wrong ones first, of those the surest first.

    Where many are wrong, a third of the places is left for right ones.
    """
    import numpy as np

    wrong, right = np.flatnonzero(predicted != y), np.flatnonzero(predicted == y)
    if scores is not None:
        wrong = wrong[np.argsort(-scores[wrong], kind="stable")]
    wrong = wrong[: max(most - len(right), most * 2 // 3)]
    return [int(index) for index in (*wrong, *right[: most - len(wrong)])]


def scores_of_labels(
    predictions: "np.ndarray[Any, Any]", predicted: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any] | None":
    """Give the score of the predicted class of each sample, or None where they are no shares."""
    import numpy as np

    if predictions.ndim == 2 and predictions.shape[1] > 1:
        scores = predictions[np.arange(len(predicted)), predicted]
    else:
        flat = predictions.reshape(-1)
        if flat.dtype.kind != "f" or not (predictions.ndim == 2 or (flat % 1 != 0).any()):
            return None
        scores = np.where(predicted == 1, flat, 1 - flat)
    return scores.astype(float) if ((scores >= 0) & (scores <= 1)).all() else None


def grey_values(images: "np.ndarray[Any, Any]", longest: int = 32) -> list[list[list[int]]]:
    """Make images small and grey: rows of whole numbers from 0 to 255, at most 32 a side.

    Every n-th pixel of every n-th row is taken, and the mean of the channels.
    """
    import numpy as np

    step = -(-max(images.shape[1:3]) // longest)
    small = images[:, ::step, ::step].astype(float)
    if small.ndim == 4:
        small = small.mean(axis=3)
    low, high = float(small.min()), float(small.max())
    grey = np.rint((small - low) * (255 / ((high - low) or 1))).astype(int)
    return [one.tolist() for one in grey]


def describe_samples(
    chosen: list[int],
    x: "np.ndarray[Any, Any]",
    y: "np.ndarray[Any, Any]",
    predicted: "np.ndarray[Any, Any]",
    scores: "np.ndarray[Any, Any] | None",
) -> list[dict[str, Any]]:
    """Put the samples of some indices into plain values."""
    return [
        {
            "index": index,
            "predicted": str(predicted[index]),
            "true": str(y[index]),
            "score": None if scores is None else round(float(scores[index]), 6),
            "image": image,
        }
        for index, image in zip(chosen, grey_values(x[chosen]) if chosen else [], strict=True)
    ]


@dsl.component(
    base_image=TENSORFLOW_IMAGE,
    packages_to_install=["scikit-learn>=1.5"],
    additional_funcs=[
        parse_value,
        parse_values,
        resolve_markers,
        read_arrays,
        check_images,
        check_labels,
        check_thresholds,
        load_predictor,
        load_saved_model,
        fit_shape,
        choose_output,
        predict_batches,
        as_labels,
        measure,
        compare,
        choose_samples,
        scores_of_labels,
        grey_values,
        describe_samples,
    ],
)
def evaluate(
    model: Input[Model],
    test_data: Input[Dataset],
    metrics: Output[Metrics],
    classification_metrics: Output[ClassificationMetrics],
    samples: Output[Artifact],
    thresholds: dict[str, Any] = {},
    values: str = "",
    batch_size: int = 512,
    shown_samples: int = 36,
) -> NamedTuple("Outputs", [("passed", bool), ("accuracy", float)]):  # type: ignore[valid-type]  # KFP's form of it
    """Measures a classifier on test data and compares the metrics with thresholds.

    Args:
        model: A SavedModel folder whose signature serving_default takes images and gives a score
            for each class, or a folder with a scikit-learn model, model.joblib or model.pkl, which
            takes flattened images.
        test_data: An npz file with x, images, and y, labels, as the preprocessing component writes.
        thresholds: Least value of metrics by name, each from 0 to 1: accuracy, precision, recall
            and f1 (averages of the classes), precision_N and recall_N (of class N). A value
            {"$value": name} stands for the run-time value of that name.
        values: Run-time values, records joined by U+241E, each name, type (int, float, bool, str,
            list or dict) and text joined by U+241F.
        batch_size: How many images are predicted at a time.
        shown_samples: How many test samples are put out to be looked at, from 0 to 100.

    Returns:
        metrics: The metrics by name.
        classification_metrics: The confusion matrix, rows true and columns predicted.
        samples: A JSON file: samples, a list of test samples, the wrong ones first, each with
            index, predicted, true, score (of the predicted class, or null) and image, rows of grey
            values from 0 to 255, at most 32 a side.
        passed: Whether every metric reaches its threshold; true without thresholds.
        accuracy: Share of the test samples that are classified correctly.
    """
    import json
    import os

    import numpy as np

    least = resolve_markers(thresholds, parse_values(values))
    check_thresholds(least)
    arrays = read_arrays(test_data.path, test_data.uri)
    if not {"x", "y"} <= set(arrays):
        raise ValueError(
            f"{test_data.uri} holds {', '.join(sorted(arrays)) or 'nothing'}: expected x and y."
        )
    x = arrays["x"]
    check_images("x", x, test_data.uri)
    y = check_labels("y", arrays["y"], len(x), test_data.uri)
    predictor = load_predictor(model.path, model.uri)
    predictions = predict_batches(predictor, x, int(batch_size), model.uri)
    predicted, classes = as_labels(predictions, y, model.uri)
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (y, predicted), 1)
    computed = measure(matrix)
    for name, value in computed.items():
        metrics.log_metric(name, value)
    classification_metrics.log_confusion_matrix(
        [str(label) for label in range(classes)], matrix.tolist()
    )
    most = max(0, min(int(shown_samples), 100))
    scores = scores_of_labels(predictions, predicted)
    chosen = choose_samples(y, predicted, scores, most)
    os.makedirs(os.path.dirname(samples.path), exist_ok=True)
    with open(samples.path, "w", encoding="utf-8") as file:
        json.dump({"samples": describe_samples(chosen, x, y, predicted, scores)}, file)
    samples.metadata["holds"] = "sample predictions"
    print(f"accuracy {computed['accuracy']:.4f} on {len(x)} samples of {test_data.uri}")  # noqa: T201 - the task's log
    return compare(computed, least), computed["accuracy"]


EvaluateOp = evaluate
