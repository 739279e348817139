"""Users' places, data that is learnt in a second, and runs that several tests look at."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tests.end_to_end.program import Desk, Program, Result, read_json


def images(count: int, seed: int) -> tuple[Any, Any]:
    """Images of ten classes: a bright block in one of ten places, on noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    pixels = generator.integers(0, 30, (count, 28, 28))
    for image, label in zip(pixels, labels, strict=True):
        row, column = divmod(int(label), 4)
        image[2 + 8 * row : 8 + 8 * row, 1 + 7 * column : 6 + 7 * column] = 230
    return pixels.astype("uint8"), labels.astype("int64")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 images to learn from and 100 to test with, of which one has a wrong label."""
    path = tmp_path_factory.mktemp("data") / "blocks.npz"
    x_train, y_train = images(300, 0)
    x_test, y_test = images(100, 1)
    y_test[50] = 7
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A user's place for one test."""
    desk = Desk(tmp_path / "desk")
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def session_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The place of the runs of the example that several tests look at."""
    desk = Desk(tmp_path_factory.mktemp("session") / "desk")
    yield desk
    desk.close()


@attrs.frozen
class Ended:
    """A run of the example that is over.

    Attributes:
        result: How the program ended.
        facts: What it wrote to its `--json` file.
        processes: What was still running right after its end.
        files: Temporary files that were left.
    """

    result: Result
    facts: dict[str, Any]
    processes: dict[int, str]
    files: list[str]


@attrs.frozen
class Served:
    """The example, with its endpoint up.

    Attributes:
        desk: Where it runs.
        program: The program.
        facts: What it wrote to its `--json` file.
    """

    desk: Desk
    program: Program
    facts: dict[str, Any]

    @property
    def url(self) -> str:
        """Root of the API."""
        return str(self.facts["endpoint_url"]).partition("/v1/")[0]

    @property
    def endpoint(self) -> str:
        """Resource name of the endpoint."""
        return str(self.facts["endpoint_url"]).partition("/v1/")[2].removesuffix(":predict")

    @property
    def token(self) -> str:
        """What callers must show."""
        return (self.desk.home / "token").read_text(encoding="ascii")


@pytest.fixture(scope="session")
def flags(data: Path) -> tuple[str, ...]:
    """Flags of the example for a run of seconds."""
    return ("mnist_flow.py", "--data", str(data), "--trials", "2", "--epochs", "4")


@pytest.fixture(scope="session")
def network(session_desk: Desk) -> Path:
    """What the processes of the runs below connected to; a file."""
    return session_desk.audited()


@pytest.fixture(scope="session")
def first(session_desk: Desk, network: Path, flags: tuple[str, ...]) -> Ended:
    """The example's first run, with `--serve`, ended by Ctrl-C."""
    facts = session_desk.work / "first.json"
    program = session_desk.start(*flags, "--json", str(facts), "--serve")
    program.says("stays up until Ctrl-C")
    program.signal(signal.SIGINT)
    return _ended(session_desk, program, facts)


@pytest.fixture(scope="session")
def below(first: Ended, session_desk: Desk, flags: tuple[str, ...]) -> Ended:
    """The next run in the same folder, with a threshold that the model does not reach."""
    facts = session_desk.work / "below.json"
    program = session_desk.start(*flags, "--threshold", "1.0", "--json", str(facts))
    return _ended(session_desk, program, facts)


@pytest.fixture(scope="session")
def served(below: Ended, session_desk: Desk, flags: tuple[str, ...]) -> Iterator[Served]:
    """The run after that, like the first one, kept up until the last test has ended."""
    facts = session_desk.work / "served.json"
    program = session_desk.start(*flags, "--json", str(facts), "--serve")
    program.says("stays up until Ctrl-C")
    yield Served(session_desk, program, read_json(facts))
    program.kill()


def _ended(desk: Desk, program: Program, facts: Path) -> Ended:
    result = program.end()
    return Ended(result, read_json(facts), desk.processes(), desk.temporary_files())
