"""The engine's refusals, in Google's words: HTTP code, status name and JSON shape."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

from vertex_flow.errors import ApiError

__all__ = [
    "ApiError",
    "aborted",
    "already_exists",
    "cancelled",
    "disk_full",
    "error_body",
    "failed_precondition",
    "internal",
    "invalid",
    "not_found",
    "out_of_disk",
    "permission_denied",
    "reason",
    "rpc_code",
    "stalled",
    "unauthenticated",
    "unavailable",
    "unimplemented",
]

# google.rpc.Code, for the `error` of a resource or an operation.
_RPC_CODES = {
    "CANCELLED": 1,
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}


def invalid(message: str) -> ApiError:
    """Refuse a request whose content is wrong."""
    return ApiError(400, "INVALID_ARGUMENT", message)


def failed_precondition(message: str) -> ApiError:
    """Refuse a request that the resource's present state does not allow."""
    return ApiError(400, "FAILED_PRECONDITION", message)


def unauthenticated(message: str) -> ApiError:
    """Refuse a caller that does not know the engine's token."""
    return ApiError(401, "UNAUTHENTICATED", message)


def permission_denied(message: str) -> ApiError:
    """Refuse a caller that comes from somewhere else than this machine."""
    return ApiError(403, "PERMISSION_DENIED", message)


def not_found(message: str) -> ApiError:
    """Say that a resource or a route does not exist."""
    return ApiError(404, "NOT_FOUND", message)


def stalled(message: str) -> ApiError:
    """Give up on a request whose body stopped coming; Google's clients send it again."""
    return ApiError(408, "DEADLINE_EXCEEDED", message)


def already_exists(message: str) -> ApiError:
    """Refuse to create what exists."""
    return ApiError(409, "ALREADY_EXISTS", message)


def aborted(message: str) -> ApiError:
    """Say that something else came in between, such as a stale etag."""
    return ApiError(409, "ABORTED", message)


def out_of_disk(what: str = "") -> ApiError:
    """Say that the disk is full."""
    doing = f" while {what}" if what else ""
    return ApiError(
        429,
        "RESOURCE_EXHAUSTED",
        f"The disk that holds the engine's folder is full{doing}. Nothing that was stored is lost: "
        "free some space and send the request again.",
    )


def cancelled(message: str) -> ApiError:
    """Say that the caller gave up before the answer."""
    return ApiError(499, "CANCELLED", message)


def internal(message: str) -> ApiError:
    """Say that the engine itself failed."""
    return ApiError(500, "INTERNAL", message)


def unimplemented(message: str) -> ApiError:
    """Say that Vertex AI has this and the local engine has not."""
    return ApiError(501, "UNIMPLEMENTED", message)


def unavailable(message: str) -> ApiError:
    """Say that a later try can work."""
    return ApiError(503, "UNAVAILABLE", message)


def rpc_code(error: ApiError) -> int:
    """Give the number of an error in `google.rpc.Code`, for example 3 for `INVALID_ARGUMENT`."""
    return _RPC_CODES.get(error.status, 2)


def error_body(error: ApiError) -> dict[str, Any]:
    """Give an error as the JSON that Google's APIs answer with."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "status": error.status,
        }
    }


def disk_full(error: BaseException) -> bool:
    """Tell whether an exception means that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error)


def reason(error: BaseException) -> ApiError:
    """Give any exception as the `ApiError` that a caller, or a failed resource, shows.

    Args:
        error: What was raised; an `ApiError` is given back as it is.
    """
    if isinstance(error, ApiError):
        return error
    if disk_full(error):
        return out_of_disk()
    return internal(f"{type(error).__name__}: {error}")
