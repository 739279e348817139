"""A run from flags to SavedModel."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import blocks
from tests.trainer.running import ROOT, Run, start, train
from trainer import task

QUICK = ("--units=8", "--batch_size=20", "--max_shift=0")


def test_a_run_ends_well(trained: Run) -> None:
    assert (trained.code, trained.error) == (0, "")


def test_each_epoch_is_one_line(trained: Run) -> None:
    number = r"\d+\.\d{4}"
    lines = trained.output.splitlines()[:-1]
    assert len(lines) == 4
    for line in lines:
        pattern = rf"epoch \d/4 loss {number} accuracy {number} val_accuracy {number} \d+\.\d s"
        assert re.fullmatch(pattern, line)


def test_the_last_line_says_where_the_results_are(trained: Run) -> None:
    base = trained.base
    expected = f"model in {base}/model/, metrics in {base}/metrics/metrics.json"
    assert trained.output.splitlines()[-1] == expected


def test_the_network_learns(trained: Run) -> None:
    assert trained.metrics["val_accuracy"] >= 0.9


def test_the_metrics_are_flat_numbers(trained: Run) -> None:
    kinds = {name: type(value) for name, value in trained.metrics.items()}
    assert kinds == {"accuracy": float, "loss": float, "val_accuracy": float, "val_loss": float}


def test_the_signature_takes_images_and_gives_probabilities(trained: Run) -> None:
    signature = tf.saved_model.load(str(trained.base / "model")).signatures["serving_default"]
    inputs = signature.structured_input_signature[1]
    assert inputs == {"image": tf.TensorSpec([None, 28, 28], tf.float32, name="image")}
    assert signature.structured_outputs["probabilities"].shape.as_list() == [None, 3]


def test_the_served_model_knows_the_classes(trained: Run) -> None:
    signature = tf.saved_model.load(str(trained.base / "model")).signatures["serving_default"]
    samples = blocks(30)
    found = signature(image=tf.constant(samples["x"]))["probabilities"].numpy()
    assert np.mean(found.argmax(axis=1) == samples["y"]) >= 0.9


def test_probabilities_add_up_to_one(trained: Run) -> None:
    signature = tf.saved_model.load(str(trained.base / "model")).signatures["serving_default"]
    found = signature(image=tf.zeros([2, 28, 28]))["probabilities"].numpy()
    np.testing.assert_allclose(found.sum(axis=1), [1, 1], rtol=1e-5)


def test_the_model_holds_nothing_of_keras(trained: Run) -> None:
    assert b"keras_layer" not in (trained.base / "model/saved_model.pb").read_bytes()


def test_the_tuning_service_is_told_of_each_epoch(trained: Run) -> None:
    lines = (trained.base / "hp/metrics").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert [(entry["trial"], entry["global_step"]) for entry in found] == [
        ("3", "1"),
        ("3", "2"),
        ("3", "3"),
        ("3", "4"),
    ]
    assert float(found[-1]["val_accuracy"]) == trained.metrics["val_accuracy"]


def test_tensorboard_gets_the_curves(trained: Run) -> None:
    found = []
    for part in ("train", "validation"):
        (path,) = (trained.base / "logs" / part).iterdir()
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            found += [(part, value.tag, event.step) for value in event.summary.value]
    assert sorted(found) == [
        (part, tag, step)
        for part in ("train", "validation")
        for tag in ("epoch_accuracy", "epoch_loss")
        for step in (1, 2, 3, 4)
    ]


def test_validation_data_of_ones_own(npz: Callable[..., Path], tmp_path: Path) -> None:
    held = npz(**blocks(30, classes=2))
    run = train(tmp_path, npz(), "--epochs=1", *QUICK, f"--validation_data={held}")
    assert run.code == 0


def test_without_vertex_the_model_is_put_beside(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert task.main([f"--train_data={data}", "--epochs=1", *QUICK]) == 0
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["metrics", "model"]


def test_a_run_can_be_repeated(data: Path, tmp_path: Path) -> None:
    one, other = (
        list(train(tmp_path / name, data, "--epochs=1", *QUICK, "--seed=5").metrics.values())
        for name in "ab"
    )
    np.testing.assert_allclose(one, other, rtol=1e-3)


def test_a_batch_may_be_larger_than_the_data(data: Path, tmp_path: Path) -> None:
    assert train(tmp_path, data, "--epochs=1", "--units=8", "--batch_size=5000").code == 0


def test_missing_data_is_one_line(tmp_path: Path) -> None:
    run = train(tmp_path, tmp_path / "none.npz")
    expected = f"trainer: error: {tmp_path}/none.npz: no such file\n"
    assert (run.code, run.error) == (1, expected)


def test_a_loss_that_is_no_number_ends_the_run(data: Path, tmp_path: Path) -> None:
    run = train(tmp_path, data, "--learning_rate=1e38", *QUICK, trial="1")
    assert run.code == 1
    assert re.fullmatch(
        r"trainer: error: the loss became (nan|inf) in epoch \d; "
        r"lower --learning_rate, which is 1e\+38\n",
        run.error,
    )


def test_a_run_that_diverged_leaves_no_model(data: Path, tmp_path: Path) -> None:
    train(tmp_path, data, "--learning_rate=1e38", *QUICK)
    assert not (tmp_path / "model").exists()


def test_a_model_folder_that_cannot_be_made_is_one_line(data: Path, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("in the way")
    run = train(tmp_path, data, "--epochs=1", *QUICK)
    assert run.code == 1
    assert re.fullmatch(r"trainer: error: \w+Error: .*model.*\n", run.error)


def test_a_wrong_flag_ends_the_process_with_two(data: Path, tmp_path: Path) -> None:
    process = start(tmp_path, data, "--units=64.5")
    _, error = process.communicate(timeout=60)
    assert (process.returncode, "'64.5' is not a whole number" in error) == (2, True)


def test_the_trainer_imports_nothing_of_vertex_flow() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "trainer").glob("*.py"))
    assert not re.search(r"^\s*(import|from) vertex_flow", text, re.MULTILINE)
