"""Commands on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios

from tests.cli.conftest import COMMAND, Shell

BOLD = "\x1b[1m"


def on_a_terminal(shell: Shell, *words: str, columns: int = 0, **env: str) -> str:
    """What a command prints to a terminal.

    Args:
        shell: Where it is called.
        words: The command.
        columns: Width of the terminal; 0 for one that does not say it.
        env: Further environment variables.
    """
    ours, theirs = pty.openpty()
    if columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in shell.environment().items() if name != "COLUMNS"}
    with subprocess.Popen(
        [*COMMAND, *words],
        cwd=shell.folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm", **env},
    ):
        os.close(theirs)
        printed = b""
        while chunk := _read(ours):
            printed += chunk
    os.close(ours)
    return printed.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # its other end is closed
        return b""
