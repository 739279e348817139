"""What Google's clients raise, in this package's own words: with the cause and the fix."""

from __future__ import annotations

import json
import re
import shlex
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from socket import gaierror
from typing import Any

import attrs

from vertex_flow.calls.roles import role_for
from vertex_flow.commands import enable, grant
from vertex_flow.errors import (
    ApiError,
    CredentialsError,
    PermissionMissing,
    QuotaExceeded,
    ServiceDisabled,
)

LOGIN = "gcloud auth application-default login"
"""The command that gives this machine credentials."""

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# Codes of gRPC, in operations, and what they are over HTTP.
_RPC = {
    1: (499, "CANCELLED"),
    2: (500, "UNKNOWN"),
    3: (400, "INVALID_ARGUMENT"),
    4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"),
    6: (409, "ALREADY_EXISTS"),
    7: (403, "PERMISSION_DENIED"),
    8: (429, "RESOURCE_EXHAUSTED"),
    9: (400, "FAILED_PRECONDITION"),
    10: (409, "ABORTED"),
    11: (400, "OUT_OF_RANGE"),
    12: (501, "UNIMPLEMENTED"),
    13: (500, "INTERNAL"),
    14: (503, "UNAVAILABLE"),
    15: (500, "DATA_LOSS"),
    16: (401, "UNAUTHENTICATED"),
}
_PERMISSION = re.compile(
    r"[Pp]ermission '?(?P<quoted>[a-z]+\.[\w.]+\w)'?"
    r"|does not have (?P<bare>[a-z]+\.[\w.]+\w) access"
)
_API_PAGE = re.compile(r"/apis/api/([a-z0-9.-]+)/")
# Those of requests, google.auth, httplib2 and google.api_core, none of which need be loaded.
_TRANSPORT_ERRORS = ("RequestException", "TransportError", "HttpLib2Error", "RetryError")
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class Unreadable(Exception):  # noqa: N818 - reads as what is wrong
    """An answer is not the JSON object that it has to be."""


@attrs.frozen
class Fault:
    """What a service said.

    Attributes:
        code: HTTP status code; 503 when it said nothing at all.
        status: Google's name for it.
        message: Its words.
        reason: Google's reason, for example `SERVICE_DISABLED`, or the empty text.
        metadata: What the reason comes with, for example the service's name.
        retry_after: Seconds that it asked to wait, or None.
    """

    code: int
    status: str
    message: str
    reason: str = ""
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    retry_after: float | None = None


def fault_of(error: Any, *, where: str = "the service") -> Fault | None:
    """Read what one of Google's clients has raised.

    Args:
        error: What `google.api_core`, `googleapiclient`, `google.auth` or the transport raised.
        where: Who was asked, for the words when no answer came.

    Returns:
        What was said, or None when the error is none of theirs.
    """
    code, response = getattr(error, "code", None), getattr(error, "response", None)
    if _is_a(error, "GoogleAPICallError") and isinstance(code, int):
        return _read(int(code), getattr(response, "content", b""), response, str(error))
    if _is_a(error, "HttpError") and hasattr(error, "resp"):
        return _read(int(error.resp.status), error.content, error.resp, str(error))
    if _is_a(error, "HTTPError") and response is not None:
        return _read(response.status_code, response.content, response, str(error))
    if _is_transport_error(error):
        return Fault(503, "UNAVAILABLE", f"{where} does not answer: {error}")
    if isinstance(error, Unreadable) or _is_a(error, "ParseError", "JSONDecodeError"):
        said = str(error).partition("\n")[0][:200]
        return Fault(502, "INTERNAL", f"{where} did not answer as Google Cloud does: {said}")
    return None


def operation_fault(name: str, error: Mapping[str, Any]) -> Fault:
    """Read the error of a long-running operation, which has the code of gRPC.

    Args:
        name: Name of the operation.
        error: A `google.rpc.Status` as the REST API has it.
    """
    code, status = _RPC.get(int(error.get("code", 2)), (500, "UNKNOWN"))
    info = _error_info(error)
    return Fault(
        code=code,
        status=status,
        message=f"{error.get('message') or 'no reason given'} ({name})",
        reason=str(info.get("reason") or ""),
        metadata={str(key): str(value) for key, value in (info.get("metadata") or {}).items()},
    )


def object_of(answer: Any) -> dict[str, Any]:
    """Give an answer that is a JSON object; no answer is an empty one.

    Raises:
        Unreadable: It is something else.
    """
    if answer is not None and not isinstance(answer, dict):
        raise Unreadable(f"a {type(answer).__name__} instead of an object")
    return dict(answer or {})


def worded(fault: Fault, *, project: str | None = None) -> ApiError:
    """Word what a service said as an error of this package.

    Args:
        fault: What it said.
        project: The project, for the command lines.
    """
    said = (fault.code, fault.status, fault.message)
    named = project or fault.metadata.get("consumer", "").removeprefix("projects/") or "PROJECT"
    where = shlex.quote(named)  # what a service says is pasted into a shell, too
    if fault.reason in ("SERVICE_DISABLED", "accessNotConfigured"):
        return _disabled(fault, where)
    if fault.reason == "BILLING_DISABLED" or "billing account" in fault.message.lower():
        return ApiError(
            *said,
            cause=f"project {where} has no active billing account.",
            fix=f"gcloud billing projects link {where} --billing-account=ACCOUNT_ID",
        )
    if fault.code == 401:
        return CredentialsError(
            *said, cause="the credentials are not valid, or not any more.", fix=LOGIN
        )
    if fault.code == 403:
        return _denied(fault, where)
    if fault.code == 429:
        return _used_up(fault, where)
    return ApiError(*said)


def credentials_refusal(error: BaseException) -> CredentialsError:
    """Word what `google.auth` has raised: no credentials, or expired ones."""
    if _is_a(error, "DefaultCredentialsError"):
        said = _first_text(error).partition("\n")[0]
        nothing = "there is no gcloud login here, no key file and no attached service account."
        return CredentialsError(
            401,
            "UNAUTHENTICATED",
            "there are no Google Cloud credentials on this machine. GcpContext.local() needs none",
            cause=nothing if said.startswith("Your default credentials were not") else said,
            fix=LOGIN,
        )
    return CredentialsError(
        401,
        "UNAUTHENTICATED",
        f"the Google Cloud credentials were not accepted: {_first_text(error)}",
        cause="they have expired, or were revoked.",
        fix=LOGIN,
    )


def is_credentials_error(error: BaseException) -> bool:
    """Tell whether `google.auth` says that credentials are missing or refused."""
    known = _is_a(error, "DefaultCredentialsError", "RefreshError", "MalformedError")
    return known and not _is_outage(error)


def _is_a(error: BaseException, *names: str) -> bool:
    """Tell whether an error is of a class of some name, without loading the class."""
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _is_outage(error: BaseException) -> bool:
    """Tell whether who renews credentials could not answer, which says nothing of them."""
    return _is_a(error, "RefreshError") and bool(getattr(error, "retryable", False))


def _is_transport_error(error: BaseException) -> bool:
    """Tell that no answer came: other OSErrors, such as those of files, are the caller's own."""
    if _is_outage(error):
        return True
    if isinstance(error, (ConnectionError, TimeoutError, ssl.SSLError, gaierror, HTTPException)):
        return True
    return _is_a(error, *_TRANSPORT_ERRORS)


def _read(code: int, content: bytes | str, headers: Any, text: str) -> Fault:
    found = _json_error(content)
    status = found.get("status") or _STATUSES.get(code, "UNKNOWN")
    info = _error_info(found)
    listed = found.get("errors")
    first = listed[0] if isinstance(listed, list) and listed else {}
    reason = first.get("reason") if isinstance(first, dict) else ""
    facts = info.get("metadata")
    return Fault(
        code=code,
        status=str(status),
        message=str(found.get("message") or text or _plain(content) or _STATUSES.get(code, "")),
        reason=str(info.get("reason") or reason or ""),
        metadata={str(key): str(value) for key, value in facts.items()}
        if isinstance(facts, dict)
        else {},
        retry_after=_retry_after(headers),
    )


def _json_error(content: bytes | str) -> dict[str, Any]:
    try:
        found = json.loads(content)
        found = found[0] if isinstance(found, list) else found  # streams answer in lists
        error = found["error"]
        return dict(error) if isinstance(error, dict) else {"message": str(error)}
    except (LookupError, TypeError, ValueError):
        return {}


def _error_info(found: Mapping[str, Any]) -> Mapping[str, Any]:
    said = found.get("details")
    details = [one for one in (said if isinstance(said, list) else ()) if isinstance(one, dict)]
    return next((one for one in details if one.get("@type") == _ERROR_INFO), {})


def _retry_after(headers: Any) -> float | None:
    """Seconds in the header Retry-After; a date in it is left alone."""
    found = getattr(headers, "headers", headers)
    value = found.get("retry-after") if hasattr(found, "get") else None
    return float(value) if value and str(value).isdigit() else None


def _plain(content: bytes | str) -> str:
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:300]


def _first_text(error: BaseException) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _disabled(fault: Fault, project: str) -> ApiError:
    if "requires a quota project" in fault.message:
        return ApiError(
            fault.code,
            fault.status,
            fault.message,
            cause="the credentials do not say which project their requests are counted for.",
            fix=f"gcloud auth application-default set-quota-project {project}",
        )
    match = _API_PAGE.search(fault.message)  # Cloud Storage names the API in the link alone
    service = fault.metadata.get("service") or (match[1] if match else "")
    return ServiceDisabled(
        fault.code,
        fault.status,
        fault.message,
        service=service,
        cause=f"the API {service} is not enabled in project {project}.",
        fix=enable(project, service),
    )


def _denied(fault: Fault, project: str) -> PermissionMissing:
    match = _PERMISSION.search(fault.message)
    named = (match["quoted"] or match["bare"]) if match else ""
    permission = fault.metadata.get("permission") or named
    role = role_for(permission) if permission else None
    cause = (
        f"the caller lacks the permission {permission}."
        if permission
        else "the caller may not do this, or the project or resource is not there."
    )
    return PermissionMissing(
        fault.code,
        fault.status,
        fault.message,
        permission=permission,
        cause=cause,
        fix=grant(project, role) if role else f"ask an owner of project {project} for access.",
    )


def _used_up(fault: Fault, project: str) -> QuotaExceeded:
    metric = fault.metadata.get("quota_metric") or fault.metadata.get("quota_limit")
    named = f"the quota {metric} is used up."
    return QuotaExceeded(
        fault.code,
        fault.status,
        fault.message,
        cause=named
        if metric
        else "a quota is used up, or requests came too fast for longer than they were retried.",
        fix=f"see and raise it at https://console.cloud.google.com/iam-admin/quotas?project={project}",
    )
