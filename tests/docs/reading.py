"""Reads a page as its user would: runs its Python, and compares what that prints with the page.

In a page

* a `python` block is run, in a folder of the page's own; one that begins with a comment that is
  a file's name, `# my_module.py`, is written to that file instead;
* a `text` block is what the Python before it has printed, spacing and figures aside: times,
  fractions, and numbers of several digits; in the README, which shows a run on other data, every
  number. A line `...` stands for lines that the page leaves out, and `…` at the end of a line for
  the rest of the line;
* a `console` block is commands, each after a `$`, and what they print, which is compared in the
  same way. They are given in the page's folder, which the page calls `~`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sybil import Example
from sybil.evaluators.python import PythonEvaluator

import vertex_flow.gcp.images
import vertex_flow.runs.reaching
from tests.cloud.whole import whole_environment
from vertex_flow import GcpContext, Run
from vertex_flow.client import Client
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.engine.joining import LocalEngine
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.place import Place

ROOT = Path(__file__).parents[2]
BUCKET = "acme-ml"
IN_A_PROJECT = ("google-cloud.md", "to-vertex-ai.md")  # pages that set one up

_FILE = re.compile(r"# ([\w/]+\.py)\n")
_NUMBER = re.compile(r"\d+([.,]\d+)*(e-?\d+)?")
_FIGURE = re.compile(r"\d+:\d\d|\d+([.,]\d+)+(e-?\d+)?|\d\d+")
_PRINTED = "_printed"


def run_python(example: Example) -> None:
    """Run a block, or write it to the file that it names."""
    found = _FILE.match(example.parsed)
    if found:
        Path(found[1]).write_text(example.parsed, encoding="utf-8")
        return
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            PythonEvaluator()(example)
    finally:
        earlier = example.namespace.get(_PRINTED, "")
        example.namespace[_PRINTED] = earlier + printed.getvalue()


def compare_text(example: Example) -> str:
    """Look for each line of a block, in order, in what was printed since the last such block."""
    printed = example.namespace.pop(_PRINTED, "")
    return _missing(example.parsed, printed, Path(example.path))


def run_console(example: Example) -> str:
    """Give the commands of a block, and look for each line of it in what they print."""
    for block in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        command, _, wanted = block.partition("\n")
        done = subprocess.run(
            ["bash", "-c", command],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_shell_environment(),
        )
        printed = done.stdout.replace(os.getcwd(), "~")
        missing = _missing(wanted, printed, Path(example.path))
        if missing:
            return missing
    return ""


def _shell_environment() -> dict[str, str]:
    """The environment of a terminal in which the project's environment is active."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**env, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}


def _missing(wanted_lines: str, printed: str, page: Path) -> str:
    """Say which line of a page was not printed; nothing when all were, in their order."""
    figures = _NUMBER if page.name == "README.md" else _FIGURE
    lines = iter([_shape(line, figures) for line in printed.splitlines()])
    for line in wanted_lines.splitlines():
        wanted = _shape(line, figures)
        if not wanted or wanted == "...":
            continue
        if not any(_same(wanted, line) for line in lines):
            return f"the page says {line!r}, which was not printed there:\n{printed}"
    return ""


def _shape(line: str, figures: re.Pattern[str]) -> str:
    return " ".join(figures.sub("#", line).split())


def _same(wanted: str, line: str) -> bool:
    if wanted.endswith("…"):
        return line.startswith(wanted.removesuffix("…").rstrip())
    return wanted == line


def write_images(path: Path, samples: int = 300) -> Path:
    """Write images of ten classes that are easy to tell apart, an npz file with `x` and `y`."""
    random = np.random.default_rng(0)
    labels = np.arange(samples) % 10
    images = random.integers(0, 60, (samples, 28, 28))
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 4)
        image[4 + 7 * row : 11 + 7 * row, 7 * column : 7 + 7 * column] += 180
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, x=images.astype("uint8"), y=labels)
    return path


class StandIn:
    """An engine that is asked in place of Google Cloud, started when it is first needed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connect = vertex_flow.runs.reaching.connect
        self._engine: EmbeddedEngine | None = None

    def connect(
        self, context: GcpContext, *, to_start: bool = False
    ) -> tuple[Client, LocalEngine | None]:
        """Reach the endpoint of a context; for Google Cloud, this one."""
        if context.is_local:
            return self._connect(context, to_start=to_start)
        if self._engine is None:
            self._engine = EmbeddedEngine.start(self._home)
        return Client(self._engine.endpoint, context.parent, self._engine.token), None

    def image_of(self, place: Place, *_: Any) -> str:
        """The training image of any trainer: its sources are taken for built."""
        return f"{place.registry}/trainer@sha256:{'0' * 64}"

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


@pytest.fixture(scope="module")
def page(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder that a page's blocks run in; `gs://acme-ml` holds a data set there."""
    folder = tmp_path_factory.mktemp("page")
    for home in (".vertex_flow", "cloud"):
        write_images(folder / home / "storage" / BUCKET / "mnist.npz")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(ROOT / "examples")
        patch.syspath_prepend(folder)  # a session imports from the folder that it runs in
        patch.delenv("VERTEX_FLOW_HOME", raising=False)
        patch.setenv("OPENBLAS_NUM_THREADS", "1")  # more wait busily for each other: small data
        google = whole_google if request.node.path.name in IN_A_PROJECT else stood_in
        with google(folder, patch):
            yield folder
            for document in getattr(request.node, "documents", []):
                close_runs(document.namespace)
            take_engines_down(folder)
            forget_aiplatform()


@contextlib.contextmanager
def stood_in(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have an engine asked in place of Google Cloud."""
    stand_in = StandIn(folder / "cloud")
    patch.setattr(vertex_flow.runs.reaching, "connect", stand_in.connect)
    patch.setattr(vertex_flow.gcp.images, "image_of", stand_in.image_of)
    yield
    stand_in.close()


@contextlib.contextmanager
def whole_google(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a Google Cloud with an empty project on this machine, which programs find too."""
    patch.setenv("COLUMNS", "80")
    with whole_environment(folder) as (_, variables):
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def close_runs(namespace: dict[str, Any]) -> None:
    """Stop what a page has left running."""
    for value in list(namespace.values()):
        if isinstance(value, Run):
            value.close()


def take_engines_down(folder: Path) -> None:
    """End the engines that a page has left standing."""
    for file in folder.glob("*/engine.json"):
        engine = StandingEngine.find(file.parent, silent=True)
        if engine is not None:
            engine.down()


def forget_aiplatform() -> None:
    """Undo `aiplatform.init`, which is for the whole process."""
    initializer = sys.modules.get("google.cloud.aiplatform.initializer")
    if initializer is not None:
        initializer.global_config.__init__()
