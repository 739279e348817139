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
from tests.cloud.credentials import federated_file, tokens
from tests.cloud.whole import Whole, whole_cloud


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
    with whole_cloud(folder / "cloud") as whole, tokens(whole.vertex.engine.token) as token_url:
        endpoints = {
            f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": url
            for name, url in whole.context.api_endpoints.items()
        }
        variables = {
            **endpoints,
            "GOOGLE_APPLICATION_CREDENTIALS": str(federated_file(folder, token_url)),
            "GOOGLE_CLOUD_PROJECT": "acme",
            "NO_GCE_CHECK": "true",
            "COLUMNS": "80",
        }
        yield CloudShell(whole, Shell(folder), variables)
