"""Writes the report of a run of this machine, as a program of its own that an engine starts.

`python -m vertex_flow.runs.reporting NAME PATH`, with the engine in `VERTEX_FLOW_API_ENDPOINT`,
`VERTEX_FLOW_API_TOKEN` and `VERTEX_FLOW_HOME`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from vertex_flow.client import Client
from vertex_flow.context import GcpContext
from vertex_flow.names import Resource
from vertex_flow.runs.reading import Reading

_NICE = 4


def main(arguments: Sequence[str], environ: Mapping[str, str], *, nice: int = _NICE) -> None:
    """Write a report.

    Args:
        arguments: Resource name of the run, and the path of the file.
        environ: The environment.
        nice: How much its priority is lowered by: what runs goes first.
    """
    name, path = arguments
    os.nice(nice)
    endpoint, token = environ["VERTEX_FLOW_API_ENDPOINT"], environ["VERTEX_FLOW_API_TOKEN"]
    client = Client(endpoint, Resource.parse(name).parent, token)
    Reading(client, name, context=GcpContext.local(environ["VERTEX_FLOW_HOME"])).report(path)


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
