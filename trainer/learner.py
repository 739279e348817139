"""One network, its optimizer, and the steps that teach it, on one replica or on several.

The steps are written out, not left to Keras' `fit`: that of Keras 3 fails under
`MultiWorkerMirroredStrategy`, while its layers and optimizers work there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer import model
from trainer.data import Samples, shuffled
from trainer.errors import TrainingError
from trainer.options import Options

_EVALUATION_BATCH = 1024


@dataclass(frozen=True)
class Score:
    """How well some samples were classified.

    Attributes:
        loss: Mean cross-entropy in nats; NaN when training diverged.
        accuracy: Share that was right, 0 to 1.
    """

    loss: float
    accuracy: float


class Learner:
    """A network in training.

    Args:
        strategy: Of `cluster.strategy`.
        options: The run's settings.
        classes: Number of classes, 2 or more.
        samples: Number of samples to learn from, at least one a replica.

    Attributes:
        network: The Keras model, image → logits.
        optimizer: Its Keras optimizer, with all its variables.
    """

    def __init__(self, strategy: Any, options: Options, *, classes: int, samples: int) -> None:
        self._strategy = strategy
        self._options = options
        self._classes = classes
        self._size = _batch_size(options.batch_size, samples, strategy.num_replicas_in_sync)
        with strategy.scope():
            self.network = model.build(options, classes)
            self.optimizer = tf.keras.optimizers.Adam(
                tf.keras.optimizers.schedules.CosineDecay(
                    options.learning_rate, options.epochs * (samples // self._size)
                )
            )
            # Built now, so that a checkpoint finds every variable that it restores.
            self.optimizer.build(self.network.trainable_variables)
        self._teach = tf.function(self._everywhere(self._learn), autograph=False)
        self._examine = tf.function(
            self._everywhere(self._check), autograph=False, reduce_retracing=True
        )

    def train(self, samples: Samples, epoch: int) -> Score:
        """Learn from all samples once.

        Args:
            samples: As many as the learner was made for.
            epoch: The epoch's number, from 1.

        Raises:
            TrainingError: The loss is not a number any more.
        """
        batches = shuffled(len(samples), self._size, seed=self._options.seed, epoch=epoch)
        score = self._score(self._teach, samples, batches)
        if not np.isfinite(score.loss):
            raise TrainingError(
                f"the loss became {score.loss} in epoch {epoch}; "
                f"lower --learning_rate, which is {self._options.learning_rate:g}"
            )
        return score

    def evaluate(self, samples: Samples) -> Score:
        """Classify samples without learning from them."""
        rows = np.arange(len(samples))
        starts = range(0, len(samples), _EVALUATION_BATCH)
        return self._score(
            self._examine, samples, (rows[start : start + _EVALUATION_BATCH] for start in starts)
        )

    def copy(self) -> Any:
        """Make a network with the same weights outside the strategy. All replicas must call it."""
        twin = model.build(self._options, self._classes)
        twin.set_weights(self.network.get_weights())
        return twin

    def _score(
        self, step: Any, samples: Samples, batches: Iterable[npt.NDArray[np.int64]]
    ) -> Score:
        total, right, count = 0.0, 0.0, 0
        for rows in batches:
            images, labels = (
                self._share_out(values, rows) for values in (samples.images, samples.labels)
            )
            loss, hits = step(images, labels)
            total, right, count = total + loss, right + hits, count + len(rows)
        return Score(loss=float(total) / count, accuracy=float(right) / count)

    def _share_out(self, values: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> Any:
        """Hand the values of a batch's rows out to the replicas, each an equal part."""

        def part(context: Any) -> Any:
            mine = rows[context.replica_id_in_sync_group :: context.num_replicas_in_sync]
            return tf.constant(values[mine])

        return self._strategy.experimental_distribute_values_from_function(part)

    def _everywhere(self, step: Any) -> Any:
        """Make a step that runs on every replica and adds up what they return."""

        def run(images: Any, labels: Any) -> Any:
            parts = self._strategy.run(step, args=(images, labels))
            add = tf.distribute.ReduceOp.SUM
            return tuple(self._strategy.reduce(add, part, axis=None) for part in parts)

        return run

    def _learn(self, images: Any, labels: Any) -> Any:
        options, weights = self._options, self.network.trainable_variables
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations), tf.int64)
        moved = model.shifted(images, options.max_shift, tf.stack([options.seed, step]))
        with tf.GradientTape() as tape:
            logits = self.network(moved, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            # Replicas' gradients are added up, so each divides by the size of the whole batch.
            mean = tf.reduce_sum(losses) / self._size
        self.optimizer.apply_gradients(zip(tape.gradient(mean, weights), weights, strict=True))
        return tf.reduce_sum(losses), _hits(labels, logits)

    def _check(self, images: Any, labels: Any) -> Any:
        logits = self.network(images, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_sum(losses), _hits(labels, logits)


def _hits(labels: Any, logits: Any) -> Any:
    right = tf.equal(tf.argmax(logits, axis=1), labels)
    return tf.reduce_sum(tf.cast(right, tf.float32))


def _batch_size(wanted: int, samples: int, replicas: int) -> int:
    if samples < replicas:
        raise TrainingError(f"{samples} training samples are too few for {replicas} replicas")
    return max(min(wanted, samples), replicas)
