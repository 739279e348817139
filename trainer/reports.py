"""Where the results of an epoch go: the output, the tuning service, TensorBoard, a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.errors import TrainingError

METRIC = "val_accuracy"
_TUNING = ("CLOUD_ML_TRIAL_ID", "CLOUD_ML_HP_METRIC_FILE")


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch.

    Attributes:
        number: From 1; 0 before the first.
        loss: Mean cross-entropy of the training samples while they were learnt, in nats.
        accuracy: Share of them that was right, 0 to 1.
        val_loss: The loss of the validation samples after the epoch.
        val_accuracy: Their share that was right after the epoch.
        seconds: How long training and validation took.
    """

    number: int = 0
    loss: float = 0.0
    accuracy: float = 0.0
    val_loss: float = 0.0
    val_accuracy: float = 0.0
    seconds: float = 0.0

    def line(self, epochs: int) -> str:
        """Describe the result on one line.

        Args:
            epochs: How many epochs the run has.
        """
        return (
            f"epoch {self.number}/{epochs} loss {self.loss:.4f} accuracy {self.accuracy:.4f} "
            f"val_accuracy {self.val_accuracy:.4f} {self.seconds:.1f} s"
        )

    def metrics(self) -> dict[str, float]:
        """Give the four metrics by name."""
        return {
            "accuracy": self.accuracy,
            "loss": self.loss,
            "val_accuracy": self.val_accuracy,
            "val_loss": self.val_loss,
        }


class Reports:
    """Tells the tuning service and TensorBoard of every epoch.

    Args:
        environment: The process's environment variables; what they do not name is left out.
        chief: Whether this replica reports. The others say nothing.

    Raises:
        TrainingError: This is a tuning trial, and cloudml-hypertune is not installed.
    """

    def __init__(self, environment: Mapping[str, str], *, chief: bool) -> None:
        directory = environment.get("AIP_TENSORBOARD_LOG_DIR", "").rstrip("/") if chief else ""
        trial = chief and any(environment.get(name) for name in _TUNING)
        self._tuning = _tuning() if trial else None
        self._writers = {
            part: tf.summary.create_file_writer(f"{directory}/{part}")
            for part in ("train", "validation")
            if directory
        }

    def tune(self, epoch: Epoch) -> None:
        """Tell the tuning service the validation accuracy."""
        if self._tuning:
            self._tuning.report_hyperparameter_tuning_metric(
                METRIC, epoch.val_accuracy, global_step=epoch.number
            )

    def plot(self, epoch: Epoch) -> None:
        """Write an epoch's curves for TensorBoard, named as Keras names them."""
        values = {
            "train": (epoch.loss, epoch.accuracy),
            "validation": (epoch.val_loss, epoch.val_accuracy),
        }
        for part, writer in self._writers.items():
            loss, accuracy = values[part]
            with writer.as_default(step=epoch.number):
                tf.summary.scalar("epoch_loss", loss)
                tf.summary.scalar("epoch_accuracy", accuracy)
            writer.flush()


def write_metrics(epoch: Epoch, model_directory: str) -> str:
    """Write an epoch's metrics as flat JSON beside the model.

    Args:
        epoch: The last one.
        model_directory: Where the model is written, a local path or `gs://` URI.

    Returns:
        Path or URI of the file: `metrics/metrics.json` in the parent of the model's directory.
    """
    parent, slash, _ = model_directory.rstrip("/").rpartition("/")
    directory = f"{parent}{slash}metrics"
    tf.io.gfile.makedirs(directory)
    path = f"{directory}/metrics.json"
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(epoch.metrics(), indent=2, sort_keys=True) + "\n")
    return path


def _tuning() -> Any:
    try:
        import hypertune
    except ImportError:
        raise TrainingError(
            f"{' or '.join(_TUNING)} is set, so this is a tuning trial, but the package that "
            "reports metrics is missing: install cloudml-hypertune"
        ) from None
    return hypertune.HyperTune()
