"""One training run, from flags to SavedModel: `python -m trainer.task --train_data=URI ...`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainer.errors import TrainingError
from trainer.options import Options, parse

if TYPE_CHECKING:
    from trainer.checkpoints import Checkpoints
    from trainer.data import Samples
    from trainer.learner import Learner
    from trainer.reports import Epoch, Reports


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the flags and the environment say.

    Args:
        arguments: Words of the command line; those of this process by default.

    Returns:
        Exit code: 0, or 1 after one line on the standard error.

    Raises:
        SystemExit: A flag is wrong (code 2).
    """
    options = parse(arguments)
    # Before the import: TensorFlow talks of every missing GPU library. Errors are raised anyway.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    try:
        run(options, os.environ)
    except TrainingError as error:
        return _fail(str(error))
    except (tf.errors.UnavailableError, tf.errors.AbortedError) as error:
        return _fail(
            f"another replica is gone ({_reason(error)}); start them all again, and training "
            "goes on after the last checkpoint"
        )
    except tf.errors.OpError as error:
        return _fail(f"{type(error).__name__}: {_reason(error)}")
    except OSError as error:
        return _fail(str(error))
    return 0


def run(options: Options, environment: Mapping[str, str]) -> None:
    """Train, and write model and metrics.

    Args:
        options: The settings.
        environment: Environment variables; see the package's text.

    Raises:
        TrainingError: Data, settings or cluster cannot be trained with.
        OSError: Something cannot be written.
        tensorflow.errors.OpError: The same, or another replica is gone.
    """
    import tensorflow as tf

    from trainer import cluster, data, model, reports
    from trainer.checkpoints import Checkpoints
    from trainer.learner import Learner

    member = cluster.replica(environment)
    samples, held = _samples(options)
    # TensorFlow wants to know of the other replicas before it computes anything.
    strategy = cluster.strategy(member)
    tf.keras.utils.set_random_seed(options.seed)
    learner = Learner(
        strategy, options, classes=data.count_classes(samples, held), samples=len(samples)
    )
    report = reports.Reports(environment, chief=member.chief)
    directory = environment.get("AIP_CHECKPOINT_DIR", "")
    with Checkpoints(learner, directory, chief=member.chief) as checkpoints:
        last = _epochs(options, learner, checkpoints, report, samples, held)
    network = learner.copy()
    if member.chief:
        place = environment.get("AIP_MODEL_DIR") or "./model"
        model.export(network, place)
        print(f"model in {place}, metrics in {reports.write_metrics(last, place)}", flush=True)


def _samples(options: Options) -> tuple[Samples, Samples]:
    from trainer import data

    samples = data.load(options.train_data)
    if options.validation_data:
        return samples, data.load(options.validation_data)
    return data.hold_out(samples, options.validation_fraction, options.seed)


def _epochs(  # noqa: PLR0913, PLR0917 - the parts of a run meet here
    options: Options,
    learner: Learner,
    checkpoints: Checkpoints,
    report: Reports,
    samples: Samples,
    held: Samples,
) -> Epoch:
    from trainer.reports import Epoch

    last = checkpoints.restore() or Epoch()
    if last.number:
        print(f"resumed after epoch {last.number}", flush=True)
        # The tuning service reads the file that this process writes: it must not be empty.
        report.tune(last)
    for number in range(last.number + 1, options.epochs + 1):
        start = time.monotonic()
        train, validation = learner.train(samples, number), learner.evaluate(held)
        last = Epoch(
            number=number,
            loss=train.loss,
            accuracy=train.accuracy,
            val_loss=validation.loss,
            val_accuracy=validation.accuracy,
            seconds=time.monotonic() - start,
        )
        report.tune(last)
        report.plot(last)
        checkpoints.save(last)
        # Printed last: who reads the line may rely on the checkpoint.
        print(last.line(options.epochs), flush=True)
    return last


def _reason(error: Any) -> str:
    """Take the reason out of a TensorFlow error, without the trace that may stand before it."""
    noise = (" ", "Graph execution error", "Detected at node")
    lines = [line for line in error.message.splitlines() if line and not line.startswith(noise)]
    return str(lines[0] if lines else error.message)


def _fail(reason: str) -> int:
    print(f"trainer: error: {' '.join(reason.split())}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
