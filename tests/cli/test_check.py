"""`vertex-flow check`, and how every command is told which flow it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.shell_completion import ShellComplete

from tests.cli.cloud import CloudShell, cloud_shell
from tests.cli.flow_files import Inside, write
from vertex_flow.cli.main import vertex_flow

WRONG = """
from vertex_flow import Flow
from vertex_flow.stages import Preprocess

flow = Flow("wrong", [Preprocess()])
"""
TRAINING = """
from vertex_flow import Flow, Trainer
from vertex_flow.stages import ImportDataset, Preprocess, Train

trainer = Trainer(module="learner.task")
flow = Flow("learning", [ImportDataset("gs://b/x"), Preprocess(), Train(trainer)])
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    with cloud_shell(tmp_path_factory.mktemp("check")) as shell:
        yield shell


def test_nothing_is_wrong(here: Inside) -> None:
    write(here.folder)
    done = here("check", "flow.py:flow", "-p", "number=3")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "nothing is wrong with flow 'twice', for this machine\n",
        "loading\n",
    )


def test_nothing_is_left_behind(here: Inside) -> None:
    file = write(here.folder)
    here("check", "flow.py")
    assert [*here.folder.iterdir()] == [file]


def test_every_wrong_parameter_is_said(here: Inside) -> None:
    write(here.folder)
    done = here("check", "flow.py", "-p", "number=x", "-p", "nmber=3", "-p", "fail=[red]\x1b[0m")
    assert (done.returncode, done.stdout) == (
        1,
        "3 faults in flow 'twice', for this machine\n"
        "  -p number=x: expected a whole number, as 3.\n"
        "  -p nmber=3: flow 'twice' has no parameter 'nmber'; it has number, fail, wait. Did you "
        "mean 'number'?\n"
        "  -p fail=[red]\\x1b[0m: expected true or false.\n",
    )


def test_a_wrong_wiring_is_a_finding(here: Inside) -> None:
    write(here.folder, text=WRONG)
    done = here("check", "flow.py", "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 1
    assert (facts["flow"], facts["ok"]) == ("wrong", False)
    assert facts["faults"][0]["about"] == "wiring"
    assert facts["faults"][0]["text"].startswith("preprocess.dataset needs a Dataset")


def test_the_flow_of_the_project_is_meant(here: Inside) -> None:
    write(here.folder, "our flöws/double it.py")
    settings = '[tool.vertex_flow]\nflow = "our flöws/double it.py:flow"\n'
    write(here.folder, "pyproject.toml", settings)
    assert here("check").returncode == 0


def test_a_file_with_an_error_of_syntax(here: Inside) -> None:
    file = write(here.folder, text="flow = Flow(]\n")
    done = here("check", "flow.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f'Error: flow.py cannot be loaded:\n  File "{file}", line 1\n    flow = Flow(]\n'
    )


def test_a_flow_that_is_not_there_for_a_program(here: Inside) -> None:
    facts = here.json("check", "flw.py")
    assert facts["error"]["message"] == "there is no file 'flw.py'."


def test_a_trainer_that_is_not_there(here: Inside) -> None:
    write(here.folder, text=TRAINING)
    done = here("check", "flow.py")
    assert done.returncode == 1
    assert "Trainer(module='learner.task'): there is no such module in " in done.stdout


def test_a_project_is_only_asked(cloud: CloudShell) -> None:
    folder = cloud.shell.folder
    write(folder, text=TRAINING)
    write(folder, "learner/task.py", "print('learns')\n")
    write(folder, "pyproject.toml", '[tool.vertex_flow.contexts.dev]\nproject = "acme"\n')
    done = cloud("check", "flow.py", "--on", "dev")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("1 fault in flow 'learning', for project acme, us-central1\n")
    assert cloud.whole.vertex.between.sent == []


def test_a_profile_that_is_not_there(here: Inside) -> None:
    write(here.folder)
    write(here.folder, "pyproject.toml", "")
    done = here("check", "flow.py", "--on", "dev")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {here.folder}/pyproject.toml has no profile 'dev'")


def test_a_home_is_for_this_machine(here: Inside) -> None:
    done = here("check", "flow.py", "--on", "dev", "--home", "home")
    assert (done.returncode, done.stderr) == (
        1,
        "Error: --on dev and --home: the folder is for runs on this machine. Give one of the "
        "two.\n",
    )


def completions(incomplete: str) -> list[tuple[str, str]]:
    shell = ShellComplete(vertex_flow, {}, "vertex-flow", "_VERTEX_FLOW_COMPLETE")
    found = shell.get_completions(["check"], incomplete)
    return [(one.type, one.value) for one in found]


def test_a_flow_is_completed_by_names_and_files(here: Inside) -> None:
    flows = '[tool.vertex_flow.flows]\nmnist = "a.py:flow"\ndigits = "b.py:flow"\n'
    write(here.folder, "pyproject.toml", flows)
    assert completions("m") == [("plain", "mnist"), ("file", "m")]


def test_help_loads_no_flow(here: Inside) -> None:
    write(here.folder, text="raise SystemExit(9)")
    assert here("check", "--help").returncode == 0


def test_the_name_of_a_file_is_not_obeyed_by_a_terminal(here: Inside) -> None:
    write(here.folder, "\x1b[31m [red] <script>.py", text="1 / 0\n")
    done = here("check", "\x1b[31m [red] <script>.py")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: \\x1b[31m [red] <script>.py cannot be loaded:\n")
    assert "\x1b" not in done.stderr
