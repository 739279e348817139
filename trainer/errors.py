"""What stops a training run with one line instead of a traceback."""

from __future__ import annotations


class TrainingError(Exception):
    """Data, settings or cluster cannot be trained with; the text says why, and what to do."""
