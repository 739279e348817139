"""Files with flows, for commands that are about one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from vertex_flow.cli.main import vertex_flow

TWICE = """
from kfp import dsl

from vertex_flow import Flow, Inputs, Out, Outputs, Param, Stage, Value, stage


@dsl.component(base_image="python:3.11")
def double(number: int, fail: bool, wait: bool) -> int:
    import time

    print("doubling", number)
    if fail:
        raise ValueError("no luck today")
    if wait:
        time.sleep(1000)
    return 2 * number


@stage
class Double(Stage):
    \"\"\"Doubles a number.\"\"\"

    number: Value[int] = Param("number", 2)
    fail: Value[bool] = Param("fail", False)
    wait: Value[bool] = Param("wait", False)
    doubled = Out(int)

    def emit(self, io: Inputs) -> Outputs:
        return {"doubled": double(number=io.number, fail=io.fail, wait=io.wait).output}


print("loading")
flow = Flow("twice", [Double()])
"""
"""A flow of one stage with three parameters; its file prints a line when it is loaded."""


def write(folder: Path, name: str = "flow.py", text: str = TWICE) -> Path:
    """Write such a file."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@attrs.frozen
class Done:
    """How a command ended.

    Attributes:
        returncode: Its exit code.
        stdout: What it printed.
        stderr: What it said besides.
    """

    returncode: int
    stdout: str
    stderr: str


@attrs.frozen
class Inside:
    """A folder in which commands are given that run in this process: KFP is loaded once.

    Attributes:
        folder: The working directory; the engine's folder is `home` in it.
    """

    folder: Path

    def __call__(self, *words: str) -> Done:
        """Give a command."""
        done = CliRunner().invoke(vertex_flow, words)
        return Done(done.exit_code, done.stdout, done.stderr)

    def json(self, *words: str) -> Any:
        """Give a command with `--json`, and read what it prints."""
        return json.loads(self(*words, "--json").stdout)


@contextmanager
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    """Work in a folder until the block ends; the modules that were loaded from it are forgotten."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("VERTEX_FLOW_HOME", str(folder / "home"))
    yield Inside(folder)
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", None)).startswith(str(folder)):
            del sys.modules[name]
