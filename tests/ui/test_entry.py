"""Who may see the console."""

from __future__ import annotations

import time

import pytest
from pytest_mock import MockerFixture

from vertex_flow.ui.entry import Entry

ENTRY = Entry(secret="secret", port=1234)


def key_of(url: str) -> str:
    return url.partition("?key=")[2]


def test_the_url_is_that_of_this_machine() -> None:
    assert ENTRY.url().startswith("http://127.0.0.1:1234/console/?key=")


def test_the_url_of_a_page() -> None:
    assert ENTRY.url("runs/a").startswith("http://127.0.0.1:1234/console/runs/a?key=")


def test_a_key_lets_in() -> None:
    assert ENTRY.admits(key_of(ENTRY.url()))


@pytest.mark.parametrize(
    "other", [Entry(secret="other", port=1234), Entry(secret="secret", port=1)]
)
def test_a_key_of_another_secret_or_port_does_not(other: Entry) -> None:
    assert not ENTRY.admits(key_of(other.url()))


@pytest.mark.parametrize("key", ["", "-", "9999999999", "9999999999-", "x-y", "9999999999-é"])
def test_what_is_no_key_does_not(key: str) -> None:
    assert not ENTRY.admits(key)


def test_a_key_whose_time_was_changed_does_not() -> None:
    until, _, proof = key_of(ENTRY.url()).partition("-")
    assert not ENTRY.admits(f"{int(until) + 1}-{proof}")


def test_an_old_key_does_not(mocker: MockerFixture) -> None:
    key = key_of(ENTRY.url())
    mocker.patch("time.time", return_value=time.time() + 901)
    assert not ENTRY.admits(key)


def test_the_cookie_is_known_again() -> None:
    assert ENTRY.knows(ENTRY.cookie[1])


@pytest.mark.parametrize("cookie", [None, "", "secret", "é"])
def test_another_cookie_is_not(cookie: str | None) -> None:
    assert not ENTRY.knows(cookie)


def test_a_key_is_no_cookie_and_a_cookie_no_key() -> None:
    key = key_of(ENTRY.url())
    assert not ENTRY.knows(key)
    assert not ENTRY.knows(key.partition("-")[2])
    assert not ENTRY.admits(f"cookie-{ENTRY.cookie[1]}")


def test_the_secret_is_in_nothing_that_is_said() -> None:
    entry = Entry(secret="sesame", port=1)
    assert "sesame" not in f"{entry!r} {entry.url()} {entry.cookie}"
