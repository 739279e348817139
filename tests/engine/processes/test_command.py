from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vertex_flow.engine.processes import Command, Exit, installs


def command(*argv: str) -> Command:
    return Command(argv=argv, cwd=Path("/"), log=Path("/log"))


@pytest.mark.parametrize("word", ["python", "python3", "python3.11", sys.executable])
def test_words_for_this_python(word):
    assert command(word, "-m", "pkg.task").module == "pkg.task"


@pytest.mark.parametrize("argv", [("/usr/bin/other", "-m", "x"), ("sh", "-c", "python -m x")])
def test_other_programs(argv):
    assert (command(*argv).module, command(*argv).script) == (None, None)


def test_script_and_arguments():
    it = command("python", "-u", "train.py", "--a", "1")
    assert (it.module, it.script, it.arguments) == (None, "train.py", ("--a", "1"))


def test_arguments_of_a_module():
    assert command("python", "-m", "a.b", "--x").arguments == ("--x",)


def test_interpreter_options_are_left_to_a_fresh_interpreter():
    it = command("python", "-W", "ignore", "-m", "x")
    assert (it.module, it.script) == (None, None)


def test_empty():
    with pytest.raises(ValueError, match="a command needs at least one word: argv is empty"):
        command()


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (Exit(0), "exit code 0"),
        (Exit(1), "exit code 1"),
        (Exit(None, 9), "signal 9 (SIGKILL)"),
        (Exit(None, 42), "signal 42"),
    ],
)
def test_describe(end, text):
    assert end.describe() == text


def test_ok():
    assert [Exit(0).ok, Exit(1).ok, Exit(None, 9).ok] == [True, False, False]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("sh", "-c", "pip3 install -q --user a.tar.gz && python3 -m a"), True),
        (("python", "-m", "pip", "install", "six"), True),
        (("pip3.11", "install", "six"), True),
        (("sh", "-c", "pip freeze"), False),
        (("python", "-m", "task", "--pip=install"), False),
    ],
)
def test_installs(argv, expected):
    assert installs(argv) is expected
