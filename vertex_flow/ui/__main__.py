"""`python -m vertex_flow.ui --home <folder> --port <port>`: the console of an engine."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from vertex_flow.lean import import_types_only
from vertex_flow.ui.serve import behind_engine


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the console of an engine, which starts this program.

    Args:
        arguments: Command line; the process's own when None.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m vertex_flow.ui", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the engine's folder")
    parser.add_argument("--port", type=int, required=True, help="the engine's port")
    options = parser.parse_args(arguments)
    import_types_only()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    def announce(url: str) -> None:
        print(json.dumps({"url": url}), flush=True)  # noqa: T201 - what the engine reads
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads the pipe any more

    behind_engine(options.home, options.port, announce)
    return 0


if __name__ == "__main__":
    sys.exit(main())
