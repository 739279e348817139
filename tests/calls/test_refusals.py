"""What Google's clients raise, in this package's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from google.api_core.exceptions import NotFound, RetryError, from_http_response
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from googleapiclient.errors import HttpError
from httplib2 import Response, ServerNotFoundError

from vertex_flow.calls.refusals import (
    Fault,
    credentials_refusal,
    fault_of,
    is_credentials_error,
    worded,
)
from vertex_flow.errors import ApiError, CredentialsError, PermissionMissing, QuotaExceeded

BODY: dict[str, Any] = {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}
INFO = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "X", "metadata": {"a": "b"}}


def answer(code: int, content: bytes, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = code
    response._content = content
    response.headers.update(headers)
    response.request = requests.Request("GET", "http://127.0.0.1/x").prepare()
    return response


def as_json(error: dict[str, Any]) -> bytes:
    return json.dumps({"error": error}).encode()


def test_a_refusal_of_a_generated_client() -> None:
    error = from_http_response(answer(403, as_json({**BODY, "details": [INFO]})))
    assert fault_of(error) == Fault(403, "PERMISSION_DENIED", "no", "X", {"a": "b"})


def test_a_refusal_of_the_api_client() -> None:
    error = HttpError(Response({"status": "403", "retry-after": "3"}), as_json(BODY))
    assert fault_of(error) == Fault(403, "PERMISSION_DENIED", "no", retry_after=3.0)


def test_a_refusal_of_cloud_storage_has_no_status() -> None:
    content = as_json({"code": 404, "message": "none", "errors": [{"reason": "notFound"}]})
    found = fault_of(from_http_response(answer(404, content)))
    assert found == Fault(404, "NOT_FOUND", "none", "notFound")


def test_a_refusal_of_a_plain_session() -> None:
    response = answer(429, as_json({"message": "slowly"}), **{"Retry-After": "7"})
    error = requests.HTTPError("429", response=response)
    assert fault_of(error) == Fault(429, "RESOURCE_EXHAUSTED", "slowly", retry_after=7.0)


def test_a_refusal_in_a_list_as_streams_have_it() -> None:
    found = fault_of(HttpError(Response({"status": "403"}), b"[" + as_json(BODY) + b"]"))
    assert found == Fault(403, "PERMISSION_DENIED", "no")


def test_a_page_of_a_proxy_is_read_as_text() -> None:
    page = b"<html><title>502</title>Bad <b>gateway</b></html>"
    error = requests.HTTPError(response=answer(502, page))
    assert fault_of(error) == Fault(502, "UNKNOWN", "502 Bad gateway")


def test_a_refusal_without_an_answer() -> None:
    assert fault_of(NotFound("gone")) == Fault(404, "NOT_FOUND", "404 gone")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset"),
        TimeoutError("reset"),
        requests.ConnectionError("reset"),
        TransportError("reset"),  # type: ignore[no-untyped-call]
        ServerNotFoundError("reset"),
        RetryError("reset", None),
        RefreshError("reset", retryable=True),  # type: ignore[no-untyped-call]
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_answer_at_all(error: Exception) -> None:
    found = fault_of(error, where="the place")
    assert found is not None
    assert (found.code, found.status) == (503, "UNAVAILABLE")
    assert found.message.startswith("the place does not answer: ")


@pytest.mark.parametrize("error", [ValueError("x"), FileNotFoundError("x"), KeyError("x")])
def test_what_is_the_callers_own_is_left_alone(error: Exception) -> None:
    assert fault_of(error) is None


def test_a_date_to_come_back_at_is_left_alone() -> None:
    response = answer(503, b"", **{"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})
    found = fault_of(requests.HTTPError(response=response))
    assert found is not None
    assert found.retry_after is None


@pytest.mark.parametrize(
    "message",
    [
        "Permission 'storage.buckets.create' denied on resource (or it may not exist).",
        "Permission storage.buckets.create is required",
        "a@b.c does not have storage.buckets.create access to the Google Cloud project.",
    ],
)
def test_a_permission_is_found_in_the_words(message: str) -> None:
    error = worded(Fault(403, "PERMISSION_DENIED", message), project="acme")
    assert isinstance(error, PermissionMissing)
    assert (error.permission, error.cause, error.fix) == (
        "storage.buckets.create",
        "the caller lacks the permission storage.buckets.create.",
        'gcloud projects add-iam-policy-binding acme --member="user:$(gcloud config get account)" '
        "--role=roles/storage.admin --condition=None",
    )


def test_a_permission_in_the_details_wins() -> None:
    details = {"permission": "iam.serviceAccounts.actAs"}
    error = worded(Fault(403, "PERMISSION_DENIED", "no", "IAM_PERMISSION_DENIED", details))
    assert isinstance(error, PermissionMissing)
    assert error.permission == "iam.serviceAccounts.actAs"


def test_a_permission_that_is_not_named() -> None:
    error = worded(Fault(403, "PERMISSION_DENIED", "no"), project="acme")
    assert str(error) == (
        "403 PERMISSION_DENIED: no\n"
        "  Cause: the caller may not do this, or the project or resource is not there.\n"
        "  Fix: ask an owner of project acme for access."
    )


def test_billing_that_is_off() -> None:
    error = worded(Fault(403, "PERMISSION_DENIED", "off", "BILLING_DISABLED"), project="acme")
    assert str(error) == (
        "403 PERMISSION_DENIED: off\n"
        "  Cause: project acme has no active billing account.\n"
        "  Fix: gcloud billing projects link acme --billing-account=ACCOUNT_ID"
    )


def test_a_quota_that_is_named() -> None:
    metric = {"quota_metric": "aiplatform.googleapis.com/custom_model_training_cpus"}
    fault = Fault(429, "RESOURCE_EXHAUSTED", "full", "RATE_LIMIT_EXCEEDED", metric)
    error = worded(fault, project="acme")
    assert isinstance(error, QuotaExceeded)
    assert str(error) == (
        "429 RESOURCE_EXHAUSTED: full\n"
        "  Cause: the quota aiplatform.googleapis.com/custom_model_training_cpus is used up.\n"
        "  Fix: see and raise it at "
        "https://console.cloud.google.com/iam-admin/quotas?project=acme"
    )


def test_credentials_that_are_not_accepted() -> None:
    error = worded(Fault(401, "UNAUTHENTICATED", "who are you"))
    assert isinstance(error, CredentialsError)
    assert str(error) == (
        "401 UNAUTHENTICATED: who are you\n"
        "  Cause: the credentials are not valid, or not any more.\n"
        "  Fix: gcloud auth application-default login"
    )


def test_anything_else_is_said_as_it_is() -> None:
    error = worded(Fault(409, "ALREADY_EXISTS", "there"))
    assert (type(error), str(error)) == (ApiError, "409 ALREADY_EXISTS: there")


def test_a_key_file_that_is_not_there_is_the_cause() -> None:
    error = credentials_refusal(
        DefaultCredentialsError("File key.json was not found.")  # type: ignore[no-untyped-call]
    )
    assert error.cause == "File key.json was not found."


def test_no_credentials() -> None:
    error = credentials_refusal(
        DefaultCredentialsError(  # type: ignore[no-untyped-call]
            "Your default credentials were not found. To set up, see"
        )
    )
    assert str(error) == (
        "401 UNAUTHENTICATED: there are no Google Cloud credentials on this machine. "
        "GcpContext.local() needs none\n"
        "  Cause: there is no gcloud login here, no key file and no attached service account.\n"
        "  Fix: gcloud auth application-default login"
    )


def test_expired_credentials() -> None:
    error = credentials_refusal(
        RefreshError("invalid_grant: Token has been expired or revoked.", {})  # type: ignore[no-untyped-call]
    )
    assert str(error) == (
        "401 UNAUTHENTICATED: the Google Cloud credentials were not accepted: "
        "invalid_grant: Token has been expired or revoked.\n"
        "  Cause: they have expired, or were revoked.\n"
        "  Fix: gcloud auth application-default login"
    )


def test_which_errors_are_about_credentials() -> None:
    errors = [RefreshError("x"), DefaultCredentialsError("x"), ValueError("x")]  # type: ignore[no-untyped-call]
    assert [is_credentials_error(one) for one in errors] == [True, True, False]


def test_an_answer_that_is_no_json_is_a_fault_of_the_service() -> None:
    with pytest.raises(json_format.ParseError) as caught:
        json_format.Parse("<html>\nwait", Struct())
    assert fault_of(caught.value, where="https://x") == Fault(
        502,
        "INTERNAL",
        "https://x did not answer as Google Cloud does: Failed to load JSON: Expecting value: "
        "line 1 column 1 (char 0).",
    )


def test_credentials_that_could_not_be_renewed_yet_are_not_to_blame() -> None:
    assert not is_credentials_error(RefreshError("busy", retryable=True))  # type: ignore[no-untyped-call]
