"""What a program says, told apart from what KFP's executor says around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_MARK = "[KFP Executor "
_GIVEN = "executor_input:"  # ends the line above the task's input, as indented JSON


class OwnLines:
    """Looks at the lines of one log, in order."""

    def __init__(self) -> None:
        self._in_json = False

    def takes(self, line: str) -> bool:
        """Tell whether a line is the program's own."""
        if self._in_json:
            self._in_json = line != "}"
            return False
        if not line.startswith(_MARK):
            return True
        self._in_json = line.endswith(_GIVEN)
        return False


def own_lines(lines: Iterable[str]) -> Iterator[str]:
    """Give the program's own of the lines of a log."""
    return filter(OwnLines().takes, lines)
