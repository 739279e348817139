from __future__ import annotations

from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from vertex_flow.engine.processes.logs import last_lines, tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_the_last_lines(log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(40)))
    assert tail(log, lines=2) == "line 38\nline 39"


def test_the_last_state_of_a_progress_bar(log: Path) -> None:
    log.write_bytes(b"10%\r50%\r100%\r\ndone\n")
    assert last_lines(log) == ["100%", "done"]


def test_control_characters_are_shown_and_not_obeyed(log: Path) -> None:
    log.write_bytes(b"\x1b[2J\x07red\ttab\n")
    assert last_lines(log) == ["\\x1b[2J\\x07red\ttab"]


def test_bytes_that_are_no_text(log: Path) -> None:
    log.write_bytes(b"\xff\xfe\n")
    assert last_lines(log) == ["��"]


def test_long_lines_are_cut(log: Path) -> None:
    log.write_text("x" * 1_000_000)
    assert last_lines(log) == ["x" * 1000 + "…"]


def test_what_tensorflow_says_everywhere_is_left_out(log: Path) -> None:
    log.write_text("E0000 failed call to cuInit: INTERNAL\nmine\n")
    assert last_lines(log) == ["mine"]


def test_a_full_disk_is_said(log: Path, mocker: MockerFixture) -> None:
    log.touch()
    mocker.patch("shutil.disk_usage").return_value.free = 0
    assert last_lines(log) == [
        f"The disk that holds {log.parent} is full: what was printed last is lost. Free some space."
    ]


def test_a_log_that_is_not_there_is_empty(log: Path) -> None:
    assert tail(log) == ""
