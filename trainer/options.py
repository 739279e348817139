"""The flags of a training run."""

from __future__ import annotations

import argparse
import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The settings of one training run; each is a flag of the same name.

    Attributes:
        train_data: Path or `gs://` URI of the npz file to learn from.
        validation_data: The same for validation; empty to hold out a part of the training data.
        epochs: Passes over the training data, 1 or more.
        learning_rate: Step size of Adam at the start, above 0; falls to 0 along a cosine.
        units: Width of the dense layer, 1 or more.
        dropout: Share of the dense layer that is dropped in training, from 0 to below 1.
        batch_size: Samples a step, over all replicas together, 1 or more.
        max_shift: Pixels by which training images are moved at random, each way, 0 to 14.
        validation_fraction: Share of the training data to hold out, above 0 and below 1.
        seed: Seed of Python, NumPy and TensorFlow, 0 or more.
    """

    train_data: str
    validation_data: str = ""
    epochs: int = 5
    learning_rate: float = 3e-3
    units: int = 128
    dropout: float = 0.3
    batch_size: int = 32
    max_shift: int = 1
    validation_fraction: float = 0.1
    seed: int = 0


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the flags of a run.

    Args:
        arguments: Words of the command line; those of this process by default.

    Raises:
        SystemExit: A flag is unknown, lacks its value or has a wrong one (code 2).
    """
    parser = _parser()
    found, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_unknown(unknown, [f"--{name}" for name in vars(found)]))
    return Options(**vars(found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainer.task",
        description="Train a small convolutional network on images of 28 x 28 pixels.",
        allow_abbrev=False,  # a tuned parameter that is misspelt must not hit another flag
    )
    words = "npz file with x (n x 28 x 28, 0 to 1) and y"
    parser.add_argument("--train_data", required=True, type=_text, metavar="URI", help=words)
    words = "npz file to validate with, instead of a part of the training data"
    parser.add_argument("--validation_data", default="", metavar="URI", help=words)
    numbers: dict[str, tuple[Callable[[str], float], str]] = {
        "epochs": (_whole(1), "passes over the training data"),
        "learning_rate": (_number(0.0, math.inf), "step size of Adam at the start"),
        "units": (_whole(1), "width of the dense layer"),
        "dropout": (_number(0.0, 1.0, closed=True), "share of the dense layer that is dropped"),
        "batch_size": (_whole(1), "samples a step, over all replicas together"),
        "max_shift": (_whole(0, 14), "pixels by which training images move at random"),
        "validation_fraction": (_number(0.0, 1.0), "share of the training data to hold out"),
        "seed": (_whole(0, 2**32 - 1), "seed of every random number"),
    }
    for name, (kind, words) in numbers.items():
        default = getattr(Options, name)
        text = f"{words} (default: {default})"
        parser.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=text)
    return parser


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("empty; expected a path or a gs:// URI")
    return text


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    wanted = f"a whole number of at least {low}" if high is None else f"one from {low} to {high}"

    def convert(text: str) -> int:
        # Vertex AI hands discrete parameters out as doubles: 64 arrives as 64.0.
        number = _float(text)
        if number is None or not number.is_integer():
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number (64 and 64.0 are both fine)"
            )
        if number < low or (high is not None and number > high):
            raise argparse.ArgumentTypeError(f"{text!r} is out of range; expected {wanted}")
        return int(number)

    return convert


def _number(low: float, high: float, *, closed: bool = False) -> Callable[[str], float]:
    """Make the reader of a number between two bounds; `closed` takes the lower one in."""
    wanted = f"at least {low:g}" if closed else f"above {low:g}"
    if math.isfinite(high):
        wanted += f" and below {high:g}"

    def convert(text: str) -> float:
        number = _float(text)
        if number is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number")
        if not low <= number < high or (number == low and not closed):
            raise argparse.ArgumentTypeError(f"{text!r} is out of range; expected {wanted}")
        return number

    return convert


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _unknown(words: Sequence[str], known: Sequence[str]) -> str:
    flags = [word.partition("=")[0] for word in words if word.startswith("-")] or list(words)
    near = difflib.get_close_matches(flags[0].replace("-", "_"), known, n=1, cutoff=0.5)
    if not near:
        near = difflib.get_close_matches(flags[0], known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the flags are {', '.join(sorted(known))}"
    return f"unknown {', '.join(flags)}; {hint}"
