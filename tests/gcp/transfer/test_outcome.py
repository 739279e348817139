"""What is said of a transfer that has ended."""

from __future__ import annotations

import pytest

from vertex_flow.errors import ApiError, CredentialsError, TransferFailed
from vertex_flow.gcp.transfer.outcome import (
    Copied,
    Failure,
    FileFault,
    Transfer,
    concluded,
    ends_all,
    in_units,
)

DONE = [Copied("gs://b/a", "a", 1500), Copied("gs://b/b", "b", None)]


def test_copied_and_skipped_files_are_counted() -> None:
    assert concluded(DONE, [], 0.5) == Transfer(
        copied=1,
        skipped=1,
        bytes=1500,
        seconds=0.5,
        uris=("gs://b/a", "gs://b/b"),
        paths=("a", "b"),
    )


def test_a_transfer_in_words() -> None:
    assert str(concluded(DONE, [], 0.5)) == (
        "1 file copied, 1.5 kB in 0.5 s (3.0 kB/s); 1 there already"
    )


def test_nothing_to_do_in_words() -> None:
    assert str(concluded(DONE[1:], [], 0.5)) == "0 files copied; 1 there already"


def test_failures_are_listed_the_first_of_them() -> None:
    failures = [Failure(f"{one}", FileFault("it is odd")) for one in range(7)]
    with pytest.raises(TransferFailed) as caught:
        concluded(DONE, failures, 1)
    assert str(caught.value) == (
        "7 of 9 files were not copied:\n"
        "  '0': it is odd\n  '1': it is odd\n  '2': it is odd\n  '3': it is odd\n  '4': it is odd\n"
        "  and 2 more\n"
        "Mend these and copy again: what is there already is skipped."
    )
    assert caught.value.failures[6] == ("6", "it is odd")
    assert caught.value.transfer.copied == 1


def test_what_the_system_says_of_a_file_is_its_reason() -> None:
    assert Failure("a", PermissionError(13, "Permission denied", "a")).reason == "Permission denied"


def test_a_refusal_of_everything_is_said_itself() -> None:
    refused = ApiError(403, "PERMISSION_DENIED", "not yours")
    with pytest.raises(ApiError) as caught:
        concluded([], [Failure("a", refused), Failure("b", refused)], 1)
    assert caught.value is refused


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (CredentialsError(401, "UNAUTHENTICATED", "no"), True),
        (ApiError(503, "UNAVAILABLE", "busy"), True),
        (ApiError(403, "PERMISSION_DENIED", "not yours"), False),
        (FileFault("it is odd"), False),
    ],
)
def test_what_would_meet_all_other_files_ends_all(error: Exception, ends: bool) -> None:
    assert ends_all(error) is ends


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1234, "1.2 kB"), (2e15, "2000.0 TB")]
)
def test_bytes_in_units(count: float, text: str) -> None:
    assert in_units(count) == text
