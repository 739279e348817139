"""`vertex-flow ui`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.cloud import CloudShell, cloud_shell
from tests.cli.conftest import COMMAND, Shell
from tests.ui.flows import eventually
from vertex_flow.engine.embedded import EmbeddedEngine

PROFILE = """
[tool.vertex_flow.contexts.acme]
project = "acme"
"""


def status(url: str) -> int:
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as browser:
        return browser.get(url).status_code


def test_it_starts_the_engine_and_prints_a_url_that_lets_in(shell: Shell) -> None:
    done = shell("ui")
    assert (done.returncode, done.stderr) == (0, "")
    found = re.fullmatch(r"console  (http://127\.0\.0\.1:\d+/console/\?key=\S+)\n", done.stdout)
    assert found
    assert status(found[1]) == 200


def test_it_says_the_same_to_a_program(busy: Shell) -> None:
    assert status(busy.json("ui")["url"]) == 200


def test_a_program_that_runs_a_flow_is_looked_into(shell: Shell) -> None:
    """The run that goes on there is seen, and the program goes on."""
    with EmbeddedEngine.start(shell.home) as engine:
        url = shell.json("ui")["url"]
        assert url.startswith(f"{engine.endpoint}/console/")
        assert status(url) == 200
        assert shell.json("runs") == {"runs": []}


def test_a_profile_that_is_not_there(shell: Shell) -> None:
    (shell.folder / "pyproject.toml").write_text(PROFILE)
    done = shell("ui", "--on", "nowhere")
    assert done.returncode == 1
    assert "'nowhere'" in done.stderr


def test_it_opens_a_browser(busy: Shell, tmp_path: Path) -> None:
    program = tmp_path / "xdg-open"
    program.write_text(
        f'#!/bin/sh\necho "$1" > {tmp_path}/opened.part; '
        f"mv {tmp_path}/opened.part {tmp_path}/opened\n"
    )
    program.chmod(0o755)
    done = busy("ui", "--browser", PATH=f"{tmp_path}:{os.environ['PATH']}")
    opened = tmp_path / "opened"
    eventually(opened.exists)
    assert done.stdout == f"console  {opened.read_text()}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    folder: Path = tmp_path_factory.mktemp("cloud")
    (folder / "pyproject.toml").write_text(PROFILE)
    with cloud_shell(folder) as shell:
        yield shell


def test_a_project_is_shown_until_ctrl_c(cloud: CloudShell) -> None:
    with subprocess.Popen(
        [*COMMAND, "ui", "--on", "acme"],
        cwd=cloud.shell.folder,
        env={**cloud.shell.environment(), **cloud.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            url = program.stdout.readline().split()[1]
            with httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as browser:
                said = browser.get(url).text
                door = httpx.get(url.partition("?")[0], trust_env=False, timeout=60).text
        finally:
            program.send_signal(signal.SIGINT)
            _, errors = program.communicate()
    assert "project acme, us-central1" in said
    assert "vertex-flow ui --on acme" in door
    assert (program.returncode, errors) == (0, "")
