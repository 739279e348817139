"""Commands that are about a Google Cloud project, which is on the loopback interface."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.cli.conftest import Shell
from tests.cloud.whole import Whole, whole_environment


@attrs.frozen
class CloudShell:
    """A shell whose Google Cloud is a test's own.

    Attributes:
        whole: The cloud.
        shell: The shell.
        variables: What tells programs where the cloud is, and who asks.
    """

    whole: Whole
    shell: Shell
    variables: dict[str, str]

    def __call__(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Give a command."""
        return self.shell(*words, **{**self.variables, **env})

    def json(self, *words: str) -> Any:
        """Give a command with `--json`, and read what it prints."""
        return json.loads(self(*words, "--json").stdout)


@contextmanager
def cloud_shell(folder: Path) -> Iterator[CloudShell]:
    """Serve a cloud, with an empty project `acme`, until the block ends."""
    with whole_environment(folder) as (whole, variables):
        yield CloudShell(whole, Shell(folder), {**variables, "COLUMNS": "80"})
