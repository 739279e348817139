"""What a person sees: nothing but the program's own words, within 80 columns."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.end_to_end.conftest import Ended
from tests.end_to_end.program import EXAMPLES, Desk, until

NOISE = re.compile(r"Traceback|[Ww]arning|tensorflow|absl|cuda|oneDNN|TF_|I0000|\x1b|\x07")

# A terminal that hands on what it reads: a Ctrl-C that is written to it is a typed one.
TERMINAL = (
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
    sys.executable,
    "-u",
)


def wide(text: str) -> list[str]:
    """Lines that a terminal of 80 columns would wrap and that no path or URL makes long."""
    return [line for line in text.splitlines() if len(line) > 80 and "/" not in line]


@pytest.mark.parametrize("run", ["first", "below"])
def test_a_run_fits_the_terminal(request: pytest.FixtureRequest, run: str):
    ended: Ended = request.getfixturevalue(run)
    assert wide(ended.result.out) == []


@pytest.mark.parametrize("run", ["first", "below"])
def test_a_run_says_nothing_of_its_libraries(request: pytest.FixtureRequest, run: str):
    ended: Ended = request.getfixturevalue(run)
    assert NOISE.findall(ended.result.out + ended.result.err) == []


def test_a_failure_is_said_in_the_programs_own_words(desk: Desk):
    """Stages that failed and were not reached, what failed, the fix, and the log."""
    data = desk.work / "data.npz"
    data.write_text("no arrays")
    result = desk.run("mnist_flow.py", "--data", str(data))
    assert result.code == 1
    failed = r"preprocess +failed after [\d.]+ s: ValueError: .*\n(.*not reached\n){5}"
    assert re.search(failed, result.out)
    first, *_, last, log, cause, fix = result.err.splitlines()
    assert re.fullmatch(
        r"error: projects/local/locations/us-central1/pipelineJobs/mnist-[\d-]+ failed in stage "
        r"'preprocess', task 'preprocessing':",
        first,
    )
    assert last == (
        f"ValueError: {data} is not an npz file, or it is truncated: write it again with "
        "numpy.savez."
    )
    assert log.startswith(f"Log: {desk.home}/logs/pipelineJobs/mnist-")
    assert cause.startswith(f"  Cause: {last.removesuffix('.')}, raised at ")
    assert fix.startswith("  Fix: ")
    assert "mnist_flow.py" not in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_typed_interrupt_ends_the_example_at_once(desk: Desk, flags):
    script = str(desk.work / "terminal.py")
    (desk.work / "terminal.py").write_text(TERMINAL[0])
    example = str(EXAMPLES / flags[0])
    with subprocess.Popen(
        [sys.executable, script, *TERMINAL[1:], example, *flags[1:]],
        cwd=desk.work,
        env={**desk.env, "TERM": "dumb"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as terminal:
        assert terminal.stdin is not None
        assert terminal.stdout is not None
        until(lambda: any(desk.home.glob("logs/hyperparameterTuningJobs/*/*/*.log")))
        terminal.stdin.write(b"\x03")
        terminal.stdin.flush()
        shown = terminal.stdout.read().decode()
    assert shown.endswith("^Cstopped\r\n")
    assert terminal.returncode == 130
    assert NOISE.findall(shown) == []
    assert desk.processes() == {}
    assert desk.temporary_files() == []
