"""`vertex-flow init`, and the project that it writes: tested and run, as a person does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.cli.flow_files import Inside
from tests.starting.test_project import FILES


def test_what_is_written_and_what_comes_next(here: Inside) -> None:
    done = here("init", "our dämo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "\n".join(
        [
            f"wrote project our-damo to {here.folder}/our dämo",
            "",
            *(f"  {file}" for file in FILES),
            "",
            "next",
            "  cd 'our dämo'",
            "  vertex-flow run",
            "  make test",
            "",
        ]
    )


def test_the_working_directory_is_meant(here: Inside) -> None:
    done = here("init", "--name", "digits")
    assert done.stdout.startswith(f"wrote project digits to {here.folder}\n")
    assert "cd " not in done.stdout


def test_the_same_for_a_program(here: Inside) -> None:
    facts = here.json("init", "demo")
    assert (facts["folder"], facts["files"]) == (f"{here.folder}/demo", FILES)


def test_nothing_is_overwritten(here: Inside) -> None:
    (here.folder / "flow.py").write_text("mine")
    done = here("init")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"Error: {here.folder} holds what a new project would overwrite: flow.py. Give another "
        "folder, or move these away.\n",
    )


def test_a_name_that_no_flow_has(here: Inside) -> None:
    done = here("init", "--name", "My\x1b[31mFlow")
    assert done.returncode == 1
    assert "\x1b" not in done.stderr


def test_nothing_is_wrong_with_the_project(here: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    here("init", "demo")
    monkeypatch.chdir("demo")
    done = here("check")
    assert done.stdout == "nothing is wrong with flow 'demo', for this machine\n"


@pytest.mark.slow
def test_its_tests_pass(shell: Shell) -> None:
    subprocess.run([*COMMAND, "init", "a demo"], cwd=shell.folder, check=True)
    environment = shell.environment()
    del environment["VERTEX_FLOW_HOME"]
    path = os.pathsep.join(filter(None, [os.getcwd(), environment.get("PYTHONPATH")]))
    done = subprocess.run(
        ["make", "test", f"PYTHON={sys.executable}"],
        cwd=shell.folder / "a demo",
        env={**environment, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.torture  # the same run as in the project's own tests, by the command line: a minute
def test_its_run_ends_with_a_served_model(here: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    here("init", "demo")
    monkeypatch.chdir("demo")
    done = here("run", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["model"]["display_name"]) == (0, "demo")
    assert facts["endpoint"]["url"].startswith("http://127.0.0.1:")
    assert done.stderr.endswith(
        "\nThe endpoint ends with this command. For one that stays, start the engine first: "
        "vertex-flow up\n"
    )
