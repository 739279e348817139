from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable

import pytest

from vertex_flow.engine.api import errors
from vertex_flow.errors import ApiError


@pytest.mark.parametrize(
    ("make", "code", "status"),
    [
        (errors.invalid, 400, "INVALID_ARGUMENT"),
        (errors.failed_precondition, 400, "FAILED_PRECONDITION"),
        (errors.unauthenticated, 401, "UNAUTHENTICATED"),
        (errors.permission_denied, 403, "PERMISSION_DENIED"),
        (errors.not_found, 404, "NOT_FOUND"),
        (errors.already_exists, 409, "ALREADY_EXISTS"),
        (errors.aborted, 409, "ABORTED"),
        (errors.cancelled, 499, "CANCELLED"),
        (errors.internal, 500, "INTERNAL"),
        (errors.unimplemented, 501, "UNIMPLEMENTED"),
        (errors.unavailable, 503, "UNAVAILABLE"),
    ],
)
def test_a_refusal_has_googles_code_and_status(
    make: Callable[[str], ApiError], code: int, status: str
) -> None:
    assert errors.error_body(make("why")) == {
        "error": {"code": code, "status": status, "message": "why"}
    }


def test_a_status_has_its_number() -> None:
    assert errors.rpc_code(errors.not_found("x")) == 5


def test_an_unknown_status_has_the_number_of_unknown() -> None:
    assert errors.rpc_code(ApiError(418, "TEAPOT", "x")) == 2


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_told(error: Exception) -> None:
    assert errors.reason(error).status == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "no"), sqlite3.OperationalError("locked"), ValueError("x")]
)
def test_other_errors_are_no_full_disk(error: Exception) -> None:
    assert not errors.disk_full(error)


def test_a_refusal_is_its_own_reason() -> None:
    error = errors.invalid("x")

    assert errors.reason(error) is error


def test_any_other_error_is_named() -> None:
    assert errors.reason(KeyError("x")).message == "KeyError: 'x'"
