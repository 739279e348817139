"""Cloud Storage's own refusals, and the JSON that it words them in."""

from __future__ import annotations

from typing import Any

from vertex_flow.engine.api.errors import already_exists, not_found
from vertex_flow.errors import ApiError

_REASONS = {
    304: "notModified",
    400: "invalid",
    401: "required",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    412: "conditionNotMet",
    413: "uploadTooLarge",
    416: "requestedRangeNotSatisfiable",
    500: "internalError",
    501: "notImplemented",
    503: "backendError",
    507: "insufficientStorage",
}


def error_body(error: ApiError) -> dict[str, Any]:
    """Give an error as the JSON that Cloud Storage answers with."""
    reason = _REASONS.get(error.code, "invalid")
    fault = {"message": error.message, "domain": "global", "reason": reason}
    return {"error": {"code": error.code, "message": error.message, "errors": [fault]}}


def no_bucket(bucket: str) -> ApiError:
    """Say that there is no such bucket."""
    make = f"storage.Client().create_bucket({bucket!r})"
    return not_found(f"The specified bucket does not exist: {bucket}. Make it: {make}.")


def no_object(bucket: str, name: str) -> ApiError:
    """Say that there is no such object."""
    return not_found(f"No such object: {bucket}/{name}")


def in_the_way(message: str) -> ApiError:
    """Refuse a name that cannot be a file beside those that are there."""
    return already_exists(message)


def condition_not_met(condition: str) -> ApiError:
    """Say which precondition does not hold."""
    message = f"At least one of the pre-conditions you specified did not hold: {condition}."
    return ApiError(412, "FAILED_PRECONDITION", message)


def not_modified() -> ApiError:
    """Say that a reader has the present state already."""
    return ApiError(304, "FAILED_PRECONDITION", "Not modified.")


def no_space(needed: int = 0) -> ApiError:
    """Say that the disk is full, or would be; a code that Google's clients do not retry."""
    much = f" with the {needed:,} bytes of this upload" if needed else ""
    full = "would be full" if needed else "is full"
    return ApiError(
        507,
        "RESOURCE_EXHAUSTED",
        f"The disk that holds the engine's folder {full}{much}. Nothing that was stored is lost: "
        "free some space and send the request again.",
    )
