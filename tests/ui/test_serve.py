"""The console of a project, served by a program of its own until it is told to end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from vertex_flow.context import GcpContext
from vertex_flow.errors import PortInUseError
from vertex_flow.ui.serve import of_project

SERVE = """
import sys
from vertex_flow.context import GcpContext
from vertex_flow.ui.serve import of_project

of_project(GcpContext(project="acme"), 0, "way in", lambda url: print(url, flush=True))
"""


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def first_line(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_lets_in_whoever_has_its_url_and_ends_by_a_signal(number: signal.Signals) -> None:
    with start("-c", SERVE) as program:
        url = first_line(program)
        with httpx.Client(trust_env=False, timeout=60) as browser:
            assert browser.get(url.partition("?")[0]).status_code == 401
            assert browser.get(url).status_code == 303
        program.send_signal(number)
        program.communicate()
    assert program.returncode == 0


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError):
            of_project(GcpContext(project="acme"), port, "way in", print)


def test_behind_an_engine_it_ends_with_its_input(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x" * 40)
    os.chmod(tmp_path / "token", 0o600)
    with start("-m", "vertex_flow.ui", "--home", str(tmp_path), "--port", "1") as program:
        url = json.loads(first_line(program))["url"]
        headers = {"host": "127.0.0.1:1"}
        answer = httpx.get(f"{url}/console/", headers=headers, trust_env=False, timeout=60)
        program.communicate()
    assert (answer.status_code, program.returncode) == (401, 0)


def test_behind_an_engine_it_answers_for_the_engines_port_alone(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x" * 40)
    with start("-m", "vertex_flow.ui", "--home", str(tmp_path), "--port", "1") as program:
        url = json.loads(first_line(program))["url"]
        answer = httpx.get(f"{url}/console/", trust_env=False, timeout=60)
        program.communicate()
    assert answer.status_code == 403
