"""The tree of errors: texts, facts, and the built-in each resembles."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow import errors
from vertex_flow.errors import (
    ApiError,
    HomeBusyError,
    ImageBuildFailed,
    PortInUseError,
    RunFailed,
    VertexFlowError,
    WiringError,
    nearest,
)

ALL = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, VertexFlowError)
]


def test_the_drawn_tree_holds_every_error() -> None:
    drawn = errors.__doc__ or ""
    assert [error.__name__ for error in ALL if error.__name__ not in drawn] == []


@pytest.mark.parametrize("error", [one for one in ALL if one is not VertexFlowError])
def test_every_error_derives_from_a_built_in_one(error: type) -> None:
    assert issubclass(error, (ValueError, RuntimeError, OSError))


def test_one_fault_is_counted_as_one() -> None:
    assert str(WiringError("mnist", ["a.b is wrong.\n  Do this."])) == (
        "1 fault in flow 'mnist'\n  a.b is wrong.\n    Do this."
    )


def test_a_failed_run_says_where() -> None:
    error = RunFailed("projects/p", stage="train", task="job", reason="exit code 1\n")
    assert str(error) == "projects/p failed in stage 'train', task 'job':\nexit code 1"


def test_a_failed_run_without_stage() -> None:
    assert str(RunFailed("projects/p", reason="no quota")) == (
        "projects/p failed in the pipeline:\nno quota"
    )


def test_an_image_that_was_not_built_says_why_and_what_to_do() -> None:
    error = ImageBuildFailed("r/t:1", "ERROR: x", cause="c.", fix="f", logs_uri="https://l")
    assert str(error) == "r/t:1 was not built: ERROR: x\n  Cause: c.\n  Fix: f\n  Log: https://l"


def test_an_image_that_was_not_built_for_an_unknown_reason() -> None:
    assert str(ImageBuildFailed("r/t:1", "ERROR: x")) == "r/t:1 was not built: ERROR: x"


def test_an_api_error_shows_code_and_status() -> None:
    assert str(ApiError(404, "NOT_FOUND", "no such model")) == "404 NOT_FOUND: no such model"


def test_what_a_service_quotes_is_not_obeyed_by_a_terminal() -> None:
    error = ApiError(400, "INVALID_ARGUMENT", "no \x1b[31mmodel\x07\r\udcff\n\tin here")
    assert error.message == "no \\x1b[31mmodel\\x07\\r\\udcff\n\tin here"
    assert str(error) == f"400 INVALID_ARGUMENT: {error.message}"


def test_a_busy_home_names_its_holder_and_the_way_out() -> None:
    assert str(HomeBusyError(Path("/data/home"), 42)) == (
        "/data/home is in use by process 42: two runs cannot share one folder at the same time. "
        "Wait for the other run to end, or give this one a folder of its own: "
        "VERTEX_FLOW_HOME=<folder>, or GcpContext.local(home=<folder>). Programs share the engine "
        "that `vertex-flow up --home /data/home` starts in a free folder."
    )


def test_a_busy_home_whose_holder_is_unknown() -> None:
    assert "is in use by another process:" in str(HomeBusyError(Path("/data/home"), None))


def test_a_port_in_use() -> None:
    assert str(PortInUseError(8080)) == (
        "port 8080 on 127.0.0.1 is in use: choose another one, or 0 for any free port."
    )


def test_the_nearest_name() -> None:
    assert nearest("acuracy", ["loss", "accuracy"]) == " Did you mean 'accuracy'?"


def test_nothing_near() -> None:
    assert nearest("x", ["loss", "accuracy"]) == ""
