"""Google's own launchers, each run in a process that has imported what they need already.

The launchers hard-code the cloud's host name and gRPC, and ask the machine for credentials. Those
three are turned to the engine here; everything else is theirs.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import google.auth
import requests
from google.cloud import aiplatform_v1
from google.oauth2.credentials import Credentials
from google_cloud_pipeline_components.container.v1.gcp_launcher import (
    job_remote_runner,
    lro_remote_runner,
)

_CLOUD = re.compile(r"https://[a-z0-9-]+-aiplatform\.googleapis\.com")


def main(
    argv: Sequence[str], endpoint: str, token: str, environment: Mapping[str, str], log: Path
) -> None:
    """Run a launcher.

    Args:
        argv: Its module, and its arguments.
        endpoint: Where the engine is.
        token: Its token.
        environment: What the launcher finds in its environment, besides this process's own.
        log: What it prints goes here.
    """
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    credentials = Credentials(token)
    google.auth.default = lambda *_, **__: (credentials, "local")
    for kind in (aiplatform_v1.JobServiceClient, aiplatform_v1.ModelServiceClient):
        kind.__init__ = _redirected(kind, endpoint, credentials)
    requests.Session.request = _redirected_request(endpoint)
    for runner in (job_remote_runner, lro_remote_runner):
        runner._POLLING_INTERVAL_IN_SECONDS = 0.1
    sys.argv = list(argv)
    runpy.run_module(argv[0], run_name="__main__")


def _redirected(kind: Any, endpoint: str, credentials: Credentials) -> Any:
    """Give the constructor of a client that speaks REST to the engine, whatever it is told."""
    init, transport = kind.__init__, kind.get_transport_class("rest")

    def redirected(client: Any, *_: Any, **__: Any) -> None:
        spoken = transport(host=endpoint, credentials=credentials, url_scheme="http")
        init(client, transport=spoken)

    return redirected


def _redirected_request(endpoint: str) -> Any:
    send = requests.Session.request

    def redirected(session: Any, method: str, url: str, **kwargs: Any) -> Any:
        return send(session, method, _CLOUD.sub(endpoint, url), **kwargs)

    return redirected
