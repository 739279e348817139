"""A stand-in for the `docker` program: see `test_docker`. Usage: STATE-FOLDER WORDS..."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

# Options of `docker run` that the engine uses; each has a value.
OPTIONS = ("--name", "--label", "--user", "--network", "--volume", "--env-file", "--env")


def run(state: Path, words: list[str]) -> int:
    env = {"PATH": os.environ["PATH"]}
    entrypoint, name = "", ""
    while words[0].startswith("--"):
        option, value, *words = words
        if option == "--entrypoint":
            entrypoint = value
        elif option == "--name":
            name = value
        elif option == "--env-file":
            lines = Path(value).read_text().splitlines()
            env.update(line.split("=", 1) for line in lines)
        elif option == "--env":
            env[value] = os.environ[value]
        else:
            assert option in OPTIONS, option
    _image, *args = words
    command = [entrypoint, *args] if entrypoint else ["true"]
    child = subprocess.Popen(command, env=env, start_new_session=True)
    (state / name).write_text(str(child.pid))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it would hand it on, which `kill` does here
    code = child.wait()
    return code if code >= 0 else 128 - code


def kill(state: Path, words: list[str]) -> int:
    number = signal.SIGTERM if "--signal" in words else signal.SIGKILL
    os.killpg(int((state / words[-1]).read_text()), number)
    return 0


def main() -> int:
    state, words = Path(sys.argv[1]), sys.argv[2:]
    with (state / "calls").open("a") as file:
        file.write(json.dumps(words) + "\n")
    if (state / "down").exists():
        sys.stderr.write((state / "down").read_text())
        return 1
    if words[0] == "run":
        return run(state, words[1:])
    if words[0] == "kill":
        return kill(state, words[1:])
    answers = {"inspect": "oom", "ps": "ps"}
    answer = state / answers.get(words[0], "none")
    if answer.exists():
        sys.stdout.write(answer.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
