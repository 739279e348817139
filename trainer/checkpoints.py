"""Checkpoints: what a run that was killed goes on from."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import astuple
from types import TracebackType
from typing import Any

import tensorflow as tf

from trainer.errors import TrainingError
from trainer.learner import Learner
from trainer.reports import Epoch


class Checkpoints:
    """The checkpoints of a run: weights, optimizer, finished epochs and their last result.

    A context manager: what a replica that is not the chief has to write is removed at the end.

    Args:
        learner: What is saved and restored.
        directory: Local path or `gs://` URI; empty to keep no checkpoints.
        chief: Whether this replica's checkpoints are the ones to keep. The others must save as
            well, because reading mirrored variables takes all of them, and do so elsewhere.
    """

    def __init__(self, learner: Learner, directory: str, *, chief: bool) -> None:
        self._directory = directory.rstrip("/")
        self._epoch: Any = tf.Variable(tf.zeros([], tf.int64), trainable=False)
        self._result: Any = tf.Variable(
            tf.zeros([len(astuple(Epoch()))], tf.float64), trainable=False
        )
        self._saved = tf.train.Checkpoint(
            network=learner.network,
            optimizer=learner.optimizer,
            epoch=self._epoch,
            result=self._result,
        )
        self._own = "" if chief or not directory else tempfile.mkdtemp(prefix="replica-")
        self._manager: Any = None
        if self._directory:
            self._manager = tf.train.CheckpointManager(
                self._saved, self._own or self._directory, max_to_keep=2
            )

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    def restore(self) -> Epoch | None:
        """Go on from the last checkpoint.

        Returns:
            The result of the last finished epoch; None when there is no checkpoint.

        Raises:
            TrainingError: The last checkpoint is of another network, or is damaged.
        """
        last = self._directory and tf.train.latest_checkpoint(self._directory)
        if not last:
            return None
        try:
            self._saved.restore(last).assert_existing_objects_matched()
        except (AssertionError, LookupError, RuntimeError, ValueError, tf.errors.OpError) as error:
            raise TrainingError(
                f"the checkpoint {last} cannot be restored; it may come from other flags. Use "
                f"those it was written with, or an empty AIP_CHECKPOINT_DIR. "
                f"({str(error).splitlines()[0]})"
            ) from error
        values: list[float] = self._result.numpy().tolist()
        number = int(self._epoch.numpy())
        return Epoch(number, *values[1:])

    def save(self, epoch: Epoch) -> None:
        """Save the state after an epoch."""
        if self._manager is None:
            return
        self._epoch.assign(epoch.number)
        self._result.assign(astuple(epoch))
        self._manager.save(checkpoint_number=epoch.number)
