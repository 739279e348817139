"""What is run, and how it ended: plain values."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

_PYTHON = re.compile(r"^python(3(\.\d+)?)?$")


_INSTALLS = re.compile(r"\bpip3?(\.\d+)?\s+install\b")


def installs(argv: Iterable[str]) -> bool:
    """Tell whether a command installs packages by pip; see `Command.private`."""
    return _INSTALLS.search(" ".join(argv)) is not None


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Command:
    """A command to run in a process group of its own.

    Attributes:
        argv: The command and its arguments. A first word of `python`, `python3` or this
            interpreter's path means this environment's Python.
        cwd: Folder the command runs in; it must exist.
        log: File that gets standard output and standard error, appended line by line.
        env: Variables added to the engine's own environment.
        threads: Share of the cores for numerical libraries, at least 1; None leaves it to them.
        imports: Heavy packages that the command will import, where that is known; None has its
            files read for them, see `imports_of`.
        optional: Heavy packages that it may import: where they are loaded already, it gets them.
        requirements: Requirements as pip takes them. What this environment lacks is installed
            into a cached environment before the command starts.
        private: Whether it gets a Python environment of its own, on top of this one and gone with
            it, because it installs packages.
    """

    argv: tuple[str, ...] = attrs.field(converter=_texts)
    cwd: Path
    log: Path
    env: Mapping[str, str] = attrs.field(factory=dict)
    threads: int | None = None
    imports: frozenset[str] | None = None
    optional: frozenset[str] = frozenset()
    requirements: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    private: bool = False

    def __attrs_post_init__(self) -> None:
        if not self.argv:
            raise ValueError("a command needs at least one word: argv is empty")

    @property
    def python(self) -> bool:
        """Whether the first word means this environment's Python."""
        return bool(_PYTHON.match(self.argv[0])) or self.argv[0] == sys.executable

    @property
    def module(self) -> str | None:
        """The module of a `python -m module ...` command, else None."""
        words = self._python_words()
        return words[1] if len(words) > 1 and words[0] == "-m" else None

    @property
    def script(self) -> str | None:
        """The file of a `python file.py ...` command as written, else None."""
        words = self._python_words()
        return words[0] if words and words[0].endswith(".py") else None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What comes after the module or the script."""
        words = self._python_words()
        return words[2:] if self.module else words[1:]

    def _python_words(self) -> tuple[str, ...]:
        if not self.python:
            return ()
        words = self.argv[1:]
        return words[1:] if words[:1] == ("-u",) else words


@attrs.frozen
class Exit:
    """How a process ended.

    Attributes:
        code: Exit code from 0 to 255, or None when a signal ended it.
        signal: Number of the signal that ended it, or None.
        out_of_memory: Whether it is known to have been killed for its memory.
    """

    code: int | None
    signal: int | None = None
    out_of_memory: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.code == 0

    def describe(self) -> str:
        """Word it for an error: `exit code 1`, or `signal 9 (SIGKILL)`."""
        if self.signal is None:
            return f"exit code {self.code}"
        try:
            name = signal.Signals(self.signal).name
        except ValueError:
            return f"signal {self.signal}"
        return f"signal {self.signal} ({name})"
