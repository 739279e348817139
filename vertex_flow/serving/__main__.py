"""`python -m vertex_flow.serving --framework tensorflow|sklearn|xgboost`."""

from __future__ import annotations

import argparse
import sys

from vertex_flow.serving.model_files import ModelLoadError
from vertex_flow.serving.server import PREDICTORS, serve


def main() -> None:
    """Serve one model; exit with code 1 and one line when it cannot be loaded."""
    parser = argparse.ArgumentParser(prog="python -m vertex_flow.serving")
    parser.add_argument("--framework", choices=sorted(PREDICTORS), required=True)
    arguments = parser.parse_args()
    try:
        serve(arguments.framework)
    except ModelLoadError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
