"""Two runs of a flow in the folder of a shell, for commands that read runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner, Result

from tests.cli.conftest import Shell
from tests.samples import Fit, Source
from vertex_flow import Flow, GcpContext, Run
from vertex_flow.cli.main import vertex_flow
from vertex_flow.engine.embedded import EmbeddedEngine


@attrs.frozen
class Pair:
    """Two runs, the second with another size.

    Attributes:
        shell: The folder.
        first: The run that came first.
        second: The other one.
    """

    shell: Shell
    first: Run
    second: Run

    def __call__(self, *words: str, color: bool = False, **env: str) -> Result:
        """Give a command in this process."""
        variables = {"VERTEX_FLOW_HOME": str(self.shell.home), **env}
        return CliRunner().invoke(vertex_flow, words, env=variables, color=color)

    def json(self, *words: str) -> Any:
        """Give a command with `--json`, and read what it prints."""
        return json.loads(self(*words, "--json").stdout)


@contextmanager
def pair_of_runs(folder: Path) -> Iterator[Pair]:
    """Run twice in a folder with a standing engine, which is up until the block ends."""
    shell = Shell(folder)
    with EmbeddedEngine.start(shell.home, standing=True):
        context = GcpContext.local(shell.home)
        runs = [
            Flow("pair", [Source(size=size), Fit()]).run(context, progress=None) for size in (3, 4)
        ]
        yield Pair(shell, *runs)
