"""Users' places, data that is learnt in a second, and runs that several tests look at."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tests.end_to_end.program import Desk, Program, Result, read_json, until
from vertex_flow import Flow, GcpContext, Integer, Run, Trainer
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import RunFailed
from vertex_flow.stages import HyperTune, ImportDataset, Train


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


@attrs.frozen
class Lab:
    """An engine in a process of its own, for flows with trainers of a few lines.

    Attributes:
        folder: Where the trainers' code and data are.
        context: Where flows run.
    """

    folder: Path
    context: GcpContext

    @property
    def data(self) -> ImportDataset:
        """Twenty images."""
        return ImportDataset(str(self.folder / "data.npz"))

    def trainer(self, code: str, **settings: Any) -> Trainer:
        """A trainer whose module is a text."""
        module = f"task_{hashlib.sha256(code.encode()).hexdigest()[:12]}"
        (self.folder / f"{module}.py").write_text(code, encoding="utf-8")
        return Trainer(module=module, source=str(self.folder), **settings)

    def train(self, code: str, **settings: Any) -> Flow:
        """A flow that trains with a text as the trainer's module."""
        data = self.data
        trainer = self.trainer(code)
        return Flow("train", [data, Train(trainer, train_data=data.dataset, **settings)])

    def tune(self, code: str, metric: str) -> Flow:
        """A flow of two trials with a text as the trainer's module."""
        data = self.data
        tuning = HyperTune(
            self.trainer(REPORTING + code),
            {"units": Integer(1, 9)},
            metric=metric,
            max_trials=2,
            train_data=data.dataset,
        )
        return Flow("tune", [data, tuning])

    def run(self, flow: Flow, **params: Any) -> Run:
        """Run a flow to its end."""
        return flow.run(self.context, params=params, wait=False, progress=None).wait()

    def failure(self, flow: Flow, **params: Any) -> RunFailed:
        """Run a flow that fails, and give what it raises."""
        with pytest.raises(RunFailed) as caught:
            self.run(flow, **params)
        return caught.value


# The start of a trainer that reports metrics.
REPORTING = """
import hypertune

reports = hypertune.HyperTune()

def report(value, metric):
    reports.report_hyperparameter_tuning_metric(
        hyperparameter_metric_tag=metric, metric_value=value, global_step=1
    )

"""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """An engine that the tests of small trainers share."""
    folder = tmp_path_factory.mktemp("lab")
    np.savez(folder / "data.npz", x=np.zeros((20, 28, 28), "uint8"), y=np.arange(20) % 10)
    home = folder / "home"
    with EmbeddedEngine.start(home):
        yield Lab(folder, GcpContext.local(home))


class Live:
    """Looks at processes of tests that tell their number."""

    def written(self, file: Path) -> int:
        """Wait until a process has written its number to a file."""
        return int(until(lambda: file.exists() and file.read_text()))

    def gone(self, pid: int) -> None:
        """Wait until a process has ended; the test's time limit says that it has not."""
        until(lambda: not self.runs(pid))

    def runs(self, pid: int) -> bool:
        """Whether a process runs; one that only waits to be collected does not."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return False
        return "State:\tZ" not in status


@pytest.fixture
def live() -> Live:
    """Looks at processes."""
    return Live()
