"""`python -m vertex_flow.engine --home <folder>`: a local Vertex AI, until it is told to end."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from vertex_flow.engine.serve import serve
from vertex_flow.errors import EngineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an engine.

    Args:
        arguments: Command line; the process's own when None.

    Returns:
        Exit status: 0 after it was told to end, 1 when it could not start.
    """
    options = _parse(arguments)
    if options.runner:
        os.environ["VERTEX_FLOW_RUNNER"] = options.runner
    if options.detach and os.fork():
        os._exit(0)  # whoever started this process has no child to look after
    heard = bool(options.detach or options.parent)

    def announce(endpoint: str) -> None:
        print(json.dumps({"endpoint": endpoint}), flush=True)  # noqa: T201 - what a caller reads
        if heard:
            # Nobody reads the pipe any more, and a full one would stop the engine.
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    try:
        serve(
            options.home,
            port=options.port,
            standing=options.standing or not options.parent,
            parent=options.parent,
            announce=announce,
        )
    except EngineError as error:
        _report(error, heard=heard)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m vertex_flow.engine", description="A local Vertex AI."
    )
    default = Path(os.environ.get("VERTEX_FLOW_HOME") or ".vertex_flow")
    parser.add_argument("--home", type=Path, default=default, help="folder for its state")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 for a free one")
    parser.add_argument("--parent", action="store_true", help="end when standard input ends")
    parser.add_argument(
        "--runner", choices=("process", "docker"), help="what runs images; or VERTEX_FLOW_RUNNER"
    )
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    parser.add_argument(
        "--standing", action="store_true", help="let every program join; so it is without --parent"
    )
    return parser.parse_args(arguments)


def _report(error: EngineError, *, heard: bool) -> None:
    """Say why the engine cannot start, to a person or to the process that started it."""
    if not heard:
        sys.stderr.write(f"{error}\n")
        return
    facts = {
        "error": type(error).__name__,
        "message": str(error),
        "pid": getattr(error, "pid", None),
    }
    print(json.dumps(facts), flush=True)  # noqa: T201 - what a caller reads


if __name__ == "__main__":
    sys.exit(main())
