"""How Google's APIs are called: what is tried again, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from google.api_core.exceptions import (
    GatewayTimeout,
    GoogleAPICallError,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    from_http_status,
)
from google.auth.exceptions import RefreshError

from vertex_flow.calls import ONCE, Patience, call
from vertex_flow.errors import ApiError, CredentialsError, QuotaExceeded


class Pauses(list[float]):
    """The pauses that were made; none takes any time."""

    def patience(self, attempts: int = 4, **limits: float) -> Patience:
        return Patience(attempts=attempts, sleep=self.append, **limits)  # type: ignore[arg-type]


def failing(*errors: Exception) -> Callable[[], str]:
    """What raises each of the errors, one after the other, and then answers."""
    left: Iterator[Exception] = iter(errors)

    def ask() -> str:
        for error in left:
            raise error
        return "answer"

    return ask


@pytest.mark.parametrize(
    "error",
    [
        from_http_status(408, "x"),
        TooManyRequests("x"),
        InternalServerError("x"),
        ServiceUnavailable("x"),
        GatewayTimeout("x"),
        ConnectionResetError("x"),
    ],
    ids=lambda error: str(getattr(error, "code", error)),
)
def test_what_is_transient_is_tried_again(error: Exception) -> None:
    pauses = Pauses()
    answer = call(failing(error, error, error), where="there", patience=pauses.patience())
    assert (answer, len(pauses)) == ("answer", 3)


def test_anything_else_is_not() -> None:
    pauses = Pauses()
    with pytest.raises(ApiError):
        call(failing(NotFound("x")), where="there", patience=pauses.patience())
    assert pauses == []


def test_the_last_refusal_is_said() -> None:
    with pytest.raises(QuotaExceeded):
        call(
            failing(ServiceUnavailable("x"), TooManyRequests("full")),
            where="there",
            patience=Pauses().patience(attempts=2),
        )


def test_once_is_once() -> None:
    with pytest.raises(ApiError, match=r"^503 UNAVAILABLE: there does not answer: gone$"):
        call(failing(ConnectionResetError("gone")), where="there", patience=ONCE)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = Pauses()
    errors: list[GoogleAPICallError] = [ServiceUnavailable("x")] * 6
    call(failing(*errors), where="there", patience=pauses.patience(7, first=1, longest=4))
    limits = [1, 2, 4, 4, 4, 4]
    assert [one for one, most in zip(pauses, limits, strict=True) if most / 2 <= one <= most] == (
        pauses
    )


def test_expired_credentials_are_not_tried_again() -> None:
    pauses = Pauses()
    with pytest.raises(CredentialsError):
        call(
            failing(RefreshError("expired")),  # type: ignore[no-untyped-call]
            where="there",
            patience=pauses.patience(),
        )
    assert pauses == []


@pytest.mark.parametrize("error", [KeyError("x"), FileNotFoundError("x"), KeyboardInterrupt()])
def test_what_is_not_the_services_goes_on_up(error: BaseException) -> None:
    def ask() -> None:
        raise error

    with pytest.raises(type(error)):
        call(ask, where="there", patience=Pauses().patience())
