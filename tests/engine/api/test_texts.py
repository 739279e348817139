from __future__ import annotations

import pytest

from vertex_flow.engine.api.texts import check_display_name, check_id, check_labels
from vertex_flow.errors import ApiError


@pytest.mark.parametrize("text", ["a", "0", "my-experiment_2", "x" * 128])
def test_ids(text: str) -> None:
    check_id(text, field="context_id")


@pytest.mark.parametrize("text", ["", "-a", "A", "a/b", "ü", "x" * 129])
def test_ids_that_are_none(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_id(text, field="context_id")
    assert caught.value.message == (
        f"Invalid context_id {text!r}: expected 1 to 128 lower-case letters, digits, hyphens and "
        "underscores, a letter or digit first."
    )


def test_a_display_name_may_be_missing() -> None:
    check_display_name("")


def test_a_display_name_that_is_required() -> None:
    with pytest.raises(ApiError, match=r": display_name is required\.$"):
        check_display_name("", required=True)


def test_a_display_name_that_is_too_long() -> None:
    with pytest.raises(ApiError, match=r": display_name has 129 characters; at most 128 are allow"):
        check_display_name("x" * 129)


def test_labels() -> None:
    check_labels({"team": "", "größe": "x-1_y", "k" * 64: "v" * 64})


@pytest.mark.parametrize("labels", [{"": "x"}, {"Team": "x"}, {"a b": "x"}, {"a": "x" * 65}])
def test_labels_that_are_not_allowed(labels: dict[str, str]) -> None:
    with pytest.raises(ApiError, match=r"is not allowed\. Keys and values have up to 64 lower"):
        check_labels(labels)


def test_too_many_labels() -> None:
    with pytest.raises(ApiError, match=r": labels has 65 entries; at most 64 are allowed\.$"):
        check_labels({f"k{number}": "" for number in range(65)})
