"""A stand-in for the `docker` program: see `test_docker_build`. Usage: STATE-FOLDER WORDS..."""

import json
import os
import sys
from pathlib import Path


def main() -> int:
    state, words = Path(sys.argv[1]), sys.argv[2:]
    config = os.environ.get("DOCKER_CONFIG")
    settings = Path(config) / "config.json" if config else None
    call = {
        "words": words,
        "config": config,
        "settings": json.loads(settings.read_text()) if settings and settings.exists() else None,
        "mode": oct(settings.stat().st_mode & 0o777) if settings and settings.exists() else None,
        "host": os.environ.get("DOCKER_HOST"),
    }
    with (state / "calls").open("a") as file:
        file.write(json.dumps(call) + "\n")
    if words[0] == "build":
        (state / "sources.tar.gz").write_bytes(sys.stdin.buffer.read())
    failing = state / f"{words[0]}-fails"
    if failing.exists():
        sys.stderr.write(failing.read_text())
        return 1
    answer = state / words[0]
    sys.stdout.write(answer.read_text() if answer.exists() else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
