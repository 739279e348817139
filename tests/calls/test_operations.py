"""Long-running operations: how they are waited for, and what their errors say."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow.calls import Patience, finished
from vertex_flow.errors import ApiError, PermissionMissing, QuotaExceeded, ServiceDisabled

RUNNING = {"name": "operations/1"}


def after(pauses: list[float], *answers: dict[str, Any]) -> dict[str, Any]:
    rest = list(answers)
    return finished(
        RUNNING,
        lambda _: rest.pop(0) if len(rest) > 1 else rest[0],
        patience=Patience(sleep=pauses.append),
        project="acme",
    )


def failing(**error: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        after([], {**RUNNING, "done": True, "error": error})
    return caught.value


def test_it_is_asked_for_until_it_is_done() -> None:
    done = {**RUNNING, "done": True, "response": {"a": 1}}
    pauses: list[float] = []
    assert after(pauses, RUNNING, RUNNING, done) == {"a": 1}
    assert len(pauses) == 3


def test_it_may_take_half_an_hour() -> None:
    pauses: list[float] = []
    with pytest.raises(ApiError, match=r"^504 DEADLINE_EXCEEDED: operations/1 is not done after"):
        after(pauses, RUNNING)
    assert 1800 < sum(pauses) < 1810


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (5, "404 NOT_FOUND"),
        (6, "409 ALREADY_EXISTS"),
        (9, "400 FAILED_PRECONDITION"),
        (10, "409 ABORTED"),
        (13, "500 INTERNAL"),
        (99, "500 UNKNOWN"),
    ],
)
def test_its_error_is_a_refusal(code: int, said: str) -> None:
    assert str(failing(code=code, message="no luck")) == f"{said}: no luck (operations/1)"


def test_a_permission_that_it_lacked() -> None:
    found = failing(code=7, message="Permission 'storage.buckets.get' denied on resource")
    assert isinstance(found, PermissionMissing)
    assert found.permission == "storage.buckets.get"


def test_a_quota_that_it_met() -> None:
    assert isinstance(failing(code=8, message="too much"), QuotaExceeded)


def test_billing_that_is_off() -> None:
    found = failing(code=9, message="Billing account for project '1' is not found.")
    assert found.fix == "gcloud billing projects link acme --billing-account=ACCOUNT_ID"


def test_an_api_that_it_needed() -> None:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "metadata": {"service": "compute.googleapis.com"},
    }
    found = failing(code=7, message="not enabled", details=[info])
    assert isinstance(found, ServiceDisabled)
    assert found.service == "compute.googleapis.com"
