"""`vertex-flow up`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.cli.conftest import COMMAND, Shell
from vertex_flow._version import __version__
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.errors import HomeBusyError, PortInUseError

EngineOf = Callable[[Shell], StandingEngine]


def test_it_says_where_the_engine_is_and_how_it_is_reached(
    shell: Shell, engine_of: EngineOf
) -> None:
    done = shell("up")
    engine = engine_of(shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"vertex_flow {__version__} is up at {engine.endpoint}\n"
        f"  home     {shell.home}\n"
        f"  process  {engine.pid}\n"
        "\n"
        "Python\n"
        "  from vertex_flow import GcpContext\n"
        f'  GcpContext.local("{shell.home}").init_aiplatform()\n'
        "\n"
        "Shell\n"
        f"  export VERTEX_FLOW_HOME={shell.home}\n"
        f"  export VERTEX_FLOW_API_ENDPOINT={engine.endpoint}\n"
        f'  export VERTEX_FLOW_API_TOKEN="$(cat {shell.home}/token)"\n'
    )


def test_what_it_says_never_has_the_token(busy: Shell, engine_of: EngineOf) -> None:
    printed = busy("up").stdout + busy("up", "--json").stdout
    assert engine_of(busy).token not in printed


def test_a_second_time_it_says_that_it_was_up(busy: Shell, engine_of: EngineOf) -> None:
    done = busy("up")
    first = f"vertex_flow {__version__} was already up at {engine_of(busy).endpoint}"
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, first)


def test_the_lines_of_python_work(busy: Shell, engine_of: EngineOf) -> None:
    lines = busy("up").stdout.splitlines()
    at = lines.index("Python")
    code = "\n".join(line.strip() for line in lines[at + 1 : at + 3])
    context = code.replace(".init_aiplatform()", ".endpoint")
    names: dict[str, object] = {}
    exec(context.replace("GcpContext.local", "found = GcpContext.local"), names)
    assert names["found"] == engine_of(busy).endpoint


def test_the_lines_of_the_shell_work(busy: Shell, engine_of: EngineOf) -> None:
    lines = busy("up").stdout.splitlines()
    exports = "\n".join(lines[lines.index("Shell") + 1 :])
    names = ("VERTEX_FLOW_HOME", "VERTEX_FLOW_API_ENDPOINT", "VERTEX_FLOW_API_TOKEN")
    script = exports + "\n" + "\n".join(f'echo "${name}"' for name in names)
    done = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    engine = engine_of(busy)
    assert done.stdout.splitlines() == [str(busy.home), engine.endpoint, engine.token]


def test_it_says_the_same_to_a_program(busy: Shell, engine_of: EngineOf) -> None:
    engine = engine_of(busy)
    assert busy.json("up") == {
        "state": "up",
        "endpoint": engine.endpoint,
        "token_file": str(busy.home / "token"),
        "home": str(busy.home),
        "pid": engine.pid,
        "version": __version__,
        "started": engine.started,
        "fresh": False,
    }


def test_two_at_the_same_time_say_the_same(shell: Shell) -> None:
    with ThreadPoolExecutor() as threads:
        said = list(threads.map(lambda _: shell.json("up"), range(2)))
    assert [one.pop("fresh") for one in said].count(True) == 1
    assert said[0] == said[1]


def test_it_is_up_again_after_a_kill(shell: Shell) -> None:
    os.kill(shell.json("up")["pid"], signal.SIGKILL)
    assert shell.json("up")["fresh"]


def test_a_port_that_is_taken(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = shell("up", "--port", str(port))
    assert (done.returncode, done.stderr) == (5, f"Error: {PortInUseError(port)}\n")


def test_another_port_than_the_one_it_has(busy: Shell) -> None:
    done = busy("up", "--port", "1")
    assert done.returncode == 1
    assert "not at port 1. Leave the port out" in done.stderr


def test_the_folder_of_another_programs_engine(shell: Shell) -> None:
    with EmbeddedEngine.start(shell.home):
        done = shell("up")
        text = f"Error: {HomeBusyError(shell.home, os.getpid())}\n"
        assert (done.returncode, done.stderr) == (4, text)


def foreground(shell: Shell, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "up", "--foreground", *words],
        cwd=shell.folder,
        env=shell.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_in_the_foreground_it_says_the_same(shell: Shell, engine_of: EngineOf) -> None:
    with foreground(shell) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        engine = engine_of(shell)
        program.send_signal(signal.SIGTERM)
        program.communicate()
    assert line == f"vertex_flow {__version__} is up at {engine.endpoint}\n"
    assert (engine.pid, program.returncode) == (program.pid, 0)


def test_in_the_foreground_ctrl_c_ends_it(shell: Shell) -> None:
    with foreground(shell, "--json") as program:
        assert program.stdout is not None
        said = "".join(iter(program.stdout.readline, "}\n")) + "}"
        assert httpx.get(f"{json.loads(said)['endpoint']}/healthz").text == "ok"
        program.send_signal(signal.SIGINT)
        program.communicate()
    assert program.returncode == 0
    assert StandingEngine.find(shell.home) is None


def test_in_the_foreground_a_folder_in_use_is_an_error(busy: Shell, engine_of: EngineOf) -> None:
    done = busy("up", "--foreground")
    text = f"Error: {HomeBusyError(busy.home, engine_of(busy).pid)}\n"
    assert (done.returncode, done.stderr) == (4, text)
