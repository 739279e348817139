import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kfp.dsl import Artifact, ClassificationMetrics, Dataset, Metrics, Model

from vertex_flow.components import EvaluateOp
from vertex_flow.components.evaluate import (
    as_labels,
    choose_output,
    choose_samples,
    fit_shape,
    grey_values,
    measure,
    scores_of_labels,
)


class Fixed:
    """A pickled model whose predictions are given by the first pixel of each image."""

    def __init__(self, answers: Any) -> None:
        self.answers = np.asarray(answers)

    def predict(self, x: Any) -> Any:
        return self.answers[x[:, 0].astype(int)]


def data(folder: Path, y: Any, x: Any = None) -> Dataset:
    """Test data whose n-th image holds n in every pixel."""
    images = np.arange(len(y), dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    np.savez(folder / "test.npz", x=images if x is None else x, y=np.asarray(y))
    return Dataset(uri=str(folder / "test.npz"))


def pickled(folder: Path, answers: Any) -> Model:
    joblib = pytest.importorskip("joblib")
    (folder / "model").mkdir()
    joblib.dump(Fixed(answers), folder / "model" / "model.joblib")
    return Model(uri=str(folder / "model"))


def run(model: Model, test_data: Dataset, **settings: Any) -> tuple[Any, Any, Any]:
    """Returns the metrics, the classification metrics and the component's result."""
    metrics, classes = Metrics(), ClassificationMetrics()
    result = EvaluateOp.python_func(
        model=model,
        test_data=test_data,
        metrics=metrics,
        classification_metrics=classes,
        samples=Artifact(uri=str(Path(test_data.uri).parent / "samples.json")),
        **settings,
    )
    return metrics.metadata, classes.metadata, result


def evaluated(folder: Path, **settings: Any) -> tuple[Any, Any, Any]:
    """Three classes, 3 of 4 right."""
    return run(pickled(folder, [0, 1, 2, 2]), data(folder, [0, 1, 2, 1]), **settings)


def test_without_thresholds_every_model_passes(tmp_path: Path) -> None:
    assert evaluated(tmp_path)[2] == (True, 0.75)


def test_the_metrics_are_logged(tmp_path: Path) -> None:
    found = evaluated(tmp_path)[0]
    assert found == {
        "accuracy": 0.75,
        "precision": pytest.approx(2.5 / 3),
        "recall": pytest.approx(2.5 / 3),
        "f1": pytest.approx((1 + 2 / 3 + 2 / 3) / 3),
        "precision_0": 1.0,
        "recall_0": 1.0,
        "precision_1": 1.0,
        "recall_1": 0.5,
        "precision_2": 0.5,
        "recall_2": 1.0,
    }


def test_the_metrics_are_those_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    y, predicted = generator.integers(0, 5, 200), generator.integers(0, 4, 200)
    found = measure(sklearn.confusion_matrix(y, predicted, labels=range(6)))
    expected = sklearn.precision_recall_fscore_support(
        y, predicted, average="macro", zero_division=0
    )
    assert [found["precision"], found["recall"], found["f1"]] == pytest.approx(expected[:3])


def test_the_confusion_matrix_has_the_true_classes_as_rows(tmp_path: Path) -> None:
    matrix = evaluated(tmp_path)[1]["confusionMatrix"]
    assert [item["displayName"] for item in matrix["annotationSpecs"]] == ["0", "1", "2"]
    assert [item["row"] for item in matrix["rows"]] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]


def test_a_threshold_that_is_just_reached_passes(tmp_path: Path) -> None:
    assert evaluated(tmp_path, thresholds={"accuracy": 0.75})[2] == (True, 0.75)


def test_one_threshold_that_is_missed_fails(tmp_path: Path) -> None:
    thresholds = {"accuracy": 0.5, "recall_1": 0.6}
    assert evaluated(tmp_path, thresholds=thresholds)[2] == (False, 0.75)


def test_each_threshold_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluated(tmp_path, thresholds={"accuracy": 0.5, "recall_1": 0.6})
    assert capsys.readouterr().out.splitlines() == [
        f"accuracy 0.7500 on 4 samples of {tmp_path}/test.npz",
        "accuracy 0.7500 >= 0.5: passed",
        "recall_1 0.5000 < 0.6: not passed",
    ]


def test_a_threshold_may_be_a_run_time_value(tmp_path: Path) -> None:
    settings = {"thresholds": {"accuracy": {"$value": "t"}}, "values": "t\u241ffloat\u241f0.9"}
    assert evaluated(tmp_path, **settings)[2] == (False, 0.75)


def test_a_threshold_of_a_metric_that_is_not_computed_is_refused(tmp_path: Path) -> None:
    message = (
        "there is a threshold for 'acuracy', which is not computed. Did you mean 'accuracy'? "
        "Computed: accuracy, precision, recall, f1, precision_0, recall_0, precision_1, recall_1, "
        "precision_2, recall_2."
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        evaluated(tmp_path, thresholds={"acuracy": 0.5})
    assert str(caught.value) == message


@pytest.mark.parametrize("least", [1.5, -0.1, float("nan"), "0.9", True, None])
def test_a_threshold_that_is_no_share_is_refused(tmp_path: Path, least: Any) -> None:
    with pytest.raises(ValueError, match=r"the threshold of 'f1' is .*: expected a number from 0"):
        evaluated(tmp_path, thresholds={"f1": least})


def samples(folder: Path, **settings: Any) -> list[Any]:
    """What `evaluated` puts out to be looked at."""
    evaluated(folder, **settings)
    found: list[Any] = json.loads((folder / "samples.json").read_text())["samples"]
    return found


def test_samples_are_put_out_the_wrong_ones_first(tmp_path: Path) -> None:
    found = [(one["index"], one["predicted"], one["true"]) for one in samples(tmp_path)]
    assert found == [(3, "2", "1"), (0, "0", "0"), (1, "1", "1"), (2, "2", "2")]


def test_samples_are_images_of_grey_values(tmp_path: Path) -> None:
    assert samples(tmp_path)[0]["image"] == [[255, 255], [255, 255]]


def test_no_sample_is_put_out_where_none_is_asked_for(tmp_path: Path) -> None:
    assert samples(tmp_path, shown_samples=0) == []


def test_right_samples_have_a_third_of_the_places() -> None:
    y = np.zeros(12, int)
    wrong = np.arange(12) < 9
    assert choose_samples(y, wrong.astype(int), None, 6) == [0, 1, 2, 3, 9, 10]


def test_of_the_wrong_samples_the_surest_come_first() -> None:
    scores = np.array([0.6, 0.9, 0.7])
    assert choose_samples(np.zeros(3, int), np.ones(3, int), scores, 2) == [1, 2]


def test_large_images_become_small_and_grey() -> None:
    images = np.zeros((2, 1000, 500, 3))
    images[1] = 7
    grey = grey_values(images)
    assert [len(grey[1]), len(grey[1][0]), grey[0][0][0], grey[1][0][0]] == [32, 16, 0, 255]


@pytest.mark.parametrize(
    ("predictions", "predicted", "expected"),
    [
        (np.array([[0.1, 0.9], [0.8, 0.2]]), [1, 0], [0.9, 0.8]),
        (np.array([[0.75], [0.25]]), [1, 0], [0.75, 0.75]),
        (np.array([[5.0, -1.0]]), [0], None),
        (np.array([2, 0]), [2, 0], None),
    ],
)
def test_scores_are_those_of_the_predicted_classes(
    predictions: Any, predicted: list[int], expected: list[float] | None
) -> None:
    found = scores_of_labels(predictions, np.array(predicted))
    assert (None if found is None else found.tolist()) == expected


def test_small_batches_give_the_same_result(tmp_path: Path) -> None:
    assert evaluated(tmp_path, batch_size=3)[2] == (True, 0.75)


def test_a_batch_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="batch_size is 0: expected 1 or more"):
        evaluated(tmp_path, batch_size=0)


def test_a_model_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.h5").touch()
    message = r"expected a SavedModel folder .*, model\.joblib or model\.pkl\. Found: weights\.h5\."
    with pytest.raises(FileNotFoundError, match=message):
        run(Model(uri=str(tmp_path / "model")), data(tmp_path, [0, 1]))


def test_a_missing_model_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"gs://no-bucket/m holds no model .*Found: nothing"
    ):
        run(Model(uri="gs://no-bucket/m"), data(tmp_path, [0, 1]))


def test_test_data_without_labels_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "test.npz", x=np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match=r"test\.npz holds x: expected x and y"):
        run(pickled(tmp_path, [0]), Dataset(uri=str(tmp_path / "test.npz")))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([[0.5, np.nan]] * 2, r"predicts NaN or infinity: its training diverged\. Try a smaller"),
        (np.zeros((2, 3, 4)), r"gave predictions of the shape \(2, 3, 4\) for 2 images: expected"),
        ([[0.1]], r"cannot predict images of the shape \(2, 2\) \(IndexError: "),
        (["a", "b"], "predicts <U1: expected numbers"),
        ([-1, 0], "predicts the label -1: expected 0 or more"),
    ],
)
def test_wrong_predictions_are_refused(tmp_path: Path, answers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(pickled(tmp_path, answers), data(tmp_path, [0, 1]))


def test_more_classes_in_the_data_than_in_the_model_are_refused(tmp_path: Path) -> None:
    message = r"the test labels go up to 5, but the model .* knows 3 classes: train it on the same"
    with pytest.raises(ValueError, match=message):
        run(pickled(tmp_path, np.eye(3)), data(tmp_path, [0, 1, 5]))


@pytest.mark.parametrize(
    ("predictions", "labels", "classes"),
    [
        (np.array([[0.1, 0.9, 0.0], [0.8, 0.1, 0.1]]), [1, 0], 3),
        (np.array([[0.7], [0.2]]), [1, 0], 2),
        (np.array([0.7, 0.2]), [1, 0], 2),
        (np.array([2.0, 0.0]), [2, 0], 3),
        (np.array([2, 0]), [2, 0], 3),
        (np.array([0, 0]), [0, 0], 2),
    ],
)
def test_predictions_become_labels(predictions: Any, labels: list[int], classes: int) -> None:
    found, count = as_labels(predictions, np.array([0, 0]), "model")
    assert (found.tolist(), count) == (labels, classes)


@pytest.mark.parametrize(
    ("shape", "rank", "expected"),
    [
        ((5, 4, 4), 4, (5, 4, 4, 1)),
        ((5, 4, 4, 1), 3, (5, 4, 4)),
        ((5, 4, 4, 3), 3, (5, 4, 4, 3)),
        ((5, 4, 4), 3, (5, 4, 4)),
        ((5, 4, 4), None, (5, 4, 4)),
    ],
)
def test_a_single_channel_is_fitted_to_the_model(
    shape: tuple[int, ...], rank: int | None, expected: tuple[int, ...]
) -> None:
    assert fit_shape(np.zeros(shape), rank).shape == expected


def test_the_scores_are_chosen_among_the_outputs() -> None:
    outputs = {"classes": np.zeros(2), "probabilities": np.ones((2, 3))}
    assert choose_output(outputs, "model").shape == (2, 3)


def test_two_outputs_with_scores_are_refused() -> None:
    message = (
        r"of model gives a \(2, 3\), b \(2, 3\): expected exactly one output with a score for each"
    )
    with pytest.raises(ValueError, match=message):
        choose_output({"a": np.ones((2, 3)), "b": np.ones((2, 3))}, "model")


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A network that knows three classes by the mean of an image: 0, 1 and 2."""
    tf = pytest.importorskip("tensorflow")

    class Nearest(tf.Module):
        def __init__(self) -> None:
            self.centres = tf.Variable([0.0, 1.0, 2.0])

        @tf.function(input_signature=[tf.TensorSpec((None, 2, 2, 1), tf.float32, "instances")])
        def serve(self, instances: Any) -> dict[str, Any]:
            means = tf.reduce_mean(instances, axis=[1, 2])
            return {"scores": -tf.abs(means - self.centres)}

    module = Nearest()
    path = str(tmp_path_factory.mktemp("models") / "saved")
    tf.saved_model.save(module, path, signatures={"serving_default": module.serve})
    return Model(uri=path)


def test_a_saved_model_is_evaluated_by_its_signature(saved_model: Model, tmp_path: Path) -> None:
    assert run(saved_model, data(tmp_path, [0, 1, 2, 1]), batch_size=3)[2] == (True, 0.75)


def test_images_that_a_saved_model_does_not_take_are_refused(
    saved_model: Model, tmp_path: Path
) -> None:
    wrong = data(tmp_path, [0, 1], np.zeros((2, 3, 3)))
    message = (
        r"images of the shape \(3, 3\) \(ValueError: its input 'instances' takes \(None, 2, 2, 1"
    )
    with pytest.raises(ValueError, match=message):
        run(saved_model, wrong)


def test_a_saved_model_without_a_serving_signature_is_refused(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    tf.saved_model.save(tf.Module(), str(tmp_path / "saved"))
    message = r"needs a signature serving_default with one input: it has the signatures \[\]"
    with pytest.raises(ValueError, match=message):
        run(Model(uri=str(tmp_path / "saved")), data(tmp_path, [0, 1]))
