"""The command line as a whole: help, version, errors, colours, and what it loads."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.conftest import Shell
from tests.cli.terminals import BOLD, on_a_terminal
from vertex_flow._version import __version__
from vertex_flow.cli.main import _COMMANDS, main, vertex_flow


def test_help_lists_the_commands_in_the_order_of_use(shell: Shell) -> None:
    assert shell("--help").stdout == (
        "Usage: vertex-flow [OPTIONS] COMMAND [ARGS]...\n"
        "\n"
        "  Pipelines for Vertex AI, on this machine and in the cloud.\n"
        "\n"
        "Options:\n"
        "  --version   Show the version and exit.\n"
        "  -h, --help  Show this message and exit.\n"
        "\n"
        "Flows:\n"
        "  init         Write a small project that works: flow, trainer and tests.\n"
        "  check        Look for everything that would keep a flow from running.\n"
        "  show         Show the wires of a flow, and its graph.\n"
        "  compile      Write the file that Vertex AI and the local engine both run.\n"
        "  run          Run a flow, on this machine or on Vertex AI.\n"
        "\n"
        "Runs:\n"
        "  runs         List the runs, the newest first.\n"
        "  status       Say how a run stands, or whether the engine is up.\n"
        "  logs         Print what the stages of a run have printed.\n"
        "  cancel       Stop a run, and every job behind it.\n"
        "  resume       Start a failed or cancelled run again where it ended.\n"
        "  report       Write the report of a run: one HTML file that opens offline.\n"
        "  diff         Show what differs between runs: parameters, code, results.\n"
        "  why          Say why a stage was, or was not, served from the cache.\n"
        "  tensorboard  Show the logs of training, and of each trial, in TensorBoard.\n"
        "\n"
        "Models:\n"
        "  models       List the registered models, with their versions.\n"
        "  endpoints    List the endpoints, with what is deployed to them.\n"
        "  predict      Ask an endpoint for predictions.\n"
        "\n"
        "This machine:\n"
        "  up           Start the engine in the background.\n"
        "  down         End the engine and all that it runs.\n"
        "  ui           Open the console: runs, models and endpoints in a browser.\n"
        "\n"
        "Google Cloud:\n"
        "  doctor       Check whether a Google Cloud project has what a pipeline needs.\n"
        "  setup        Make what a pipeline needs and a Google Cloud project lacks.\n"
        "  build        Build and push the training image that a flow's trainers need.\n"
        "  teardown     Remove what setup has made in a Google Cloud project.\n"
        "  clean        List what runs have left over, and remove what has expired.\n"
        "\n"
        "  Every command has --help with an example, and --json.\n"
    )


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_help_of_a_command_has_an_example(shell: Shell, command: str) -> None:
    assert f"  Example:\n    vertex-flow {command} " in shell(command, "--help").stdout


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_help_of_a_command_has_its_exit_codes(shell: Shell, command: str) -> None:
    assert "  Exit codes" in shell(command, "--help").stdout


def test_the_version(shell: Shell) -> None:
    assert shell("--version").stdout == f"vertex_flow {__version__}\n"


def test_an_unknown_command(shell: Shell) -> None:
    done = shell("upp")
    assert done.returncode == 2
    assert "No such command 'upp'" in done.stderr


def test_the_script_is_the_same_program() -> None:
    (script,) = entry_points(group="console_scripts", name="vertex-flow")
    assert script.load() is main


def test_every_command_has_the_name_of_its_module() -> None:
    context = vertex_flow.make_context("vertex-flow", ["up"])
    found = {name: vertex_flow.get_command(context, name) for name in _COMMANDS}
    assert [command.name for command in found.values() if command] == list(_COMMANDS)


@pytest.mark.parametrize("words", [("--help",), ("up", "--help"), ("status",)], ids=" ".join)
def test_nothing_heavy_is_loaded(shell: Shell, words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom vertex_flow.cli.main import vertex_flow\n"
        "vertex_flow.main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'google.api_core', 'google.protobuf', 'kfp', 'rich', 'starlette', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env=shell.environment(),
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_terminal_gets_bold_letters(busy: Shell) -> None:
    assert BOLD in on_a_terminal(busy, "status")


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_without_colours(busy: Shell, variable: dict[str, str]) -> None:
    assert "\x1b" not in on_a_terminal(busy, "status", **variable)


def test_a_pipe_gets_plain_text(busy: Shell) -> None:
    assert "\x1b" not in busy("status").stdout


def test_an_error_is_said_without_a_traceback(shell: Shell) -> None:
    shell.home.write_text("a file")
    done = shell("up")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: the engine's folder {shell.home} cannot be used: [Errno 17] File exists: "
        f"'{shell.home}'\n"
    )


def test_an_error_for_a_program(shell: Shell) -> None:
    shell.home.write_text("a file")
    assert shell.json("up")["error"]["type"] == "EngineError"


def test_the_folder_is_that_of_the_environment(busy: Shell) -> None:
    assert busy.json("status")["home"] == str(busy.home)


def test_a_folder_may_be_given_from_where_one_is(busy: Shell) -> None:
    done = busy("status", "--home", "home", VERTEX_FLOW_HOME="")
    assert done.stdout.startswith("up at ")


def test_without_a_folder_it_is_in_the_working_directory(shell: Shell) -> None:
    done = shell("status", VERTEX_FLOW_HOME="")
    assert done.stdout == f"no engine is up in {shell.folder / '.vertex_flow'}\n"


def test_a_folder_that_is_a_file_is_refused(shell: Shell) -> None:
    Path(shell.folder / "file").touch()
    done = shell("up", "--home", "file")
    assert (done.returncode, "Directory 'file' is a file" in done.stderr) == (2, True)


def test_an_error_is_not_obeyed_by_a_terminal(shell: Shell) -> None:
    text = '[tool.vertex_flow.contexts.dev]\nlocation = "\\u001b[31mred"'
    (shell.folder / "pyproject.toml").write_text(text)
    said = on_a_terminal(shell, "doctor", "--on", "dev", NO_COLOR="1")
    assert "\x1b[31mred" not in said
    assert "[31mred" in said


def test_several_lines_of_an_error_stay_lines(shell: Shell) -> None:
    done = shell("clean", "--project", "acme", "--on", "dev\nprod")
    assert len(done.stderr.splitlines()) == 2


def test_an_interrupt_while_a_command_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vertex_flow.cli.main.import_module", interrupt)
    done = CliRunner().invoke(vertex_flow, ["runs"])
    assert (done.exit_code, done.output) == (130, "")
