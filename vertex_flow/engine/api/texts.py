"""What users call their resources: ids, display names and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vertex_flow.engine.api.errors import invalid

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,127}")
_DISPLAY_NAME_SIZE = 128
_LABEL_SIZE = 64
_MOST_LABELS = 64


def check_id(text: str, *, field: str) -> None:
    """Refuse an id that a user chose and that is not valid.

    Args:
        text: The id.
        field: The field that has it, for the error.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    if not _ID.fullmatch(text):
        raise invalid(
            f"Invalid {field} {text!r}: expected 1 to 128 lower-case letters, digits, hyphens and "
            "underscores, a letter or digit first."
        )


def check_display_name(text: str, *, required: bool = False, field: str = "display_name") -> None:
    """Refuse a display name that is too long or, where it is required, missing.

    Args:
        text: The display name.
        required: Whether there has to be one.
        field: The field that has it, for the error.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    if required and not text:
        raise invalid(f"{field} is required.")
    if len(text) > _DISPLAY_NAME_SIZE:
        raise invalid(
            f"{field} has {len(text)} characters; at most {_DISPLAY_NAME_SIZE} are allowed."
        )


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels that Vertex AI refuses.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    if len(labels) > _MOST_LABELS:
        raise invalid(f"labels has {len(labels)} entries; at most {_MOST_LABELS} are allowed.")
    for key, value in labels.items():
        if not key or not _is_label(key) or not _is_label(value):
            raise invalid(
                f"labels: {key!r}: {value!r} is not allowed. Keys and values have up to 64 "
                "lower-case letters, digits, underscores and dashes; a key has at least one."
            )


def _is_label(text: str) -> bool:
    plain = all(char.isalnum() or char in "_-" for char in text)
    return plain and text == text.lower() and len(text) <= _LABEL_SIZE
