"""Tracebacks of Python in logs: the error, and where in the user's own code it came up."""

from __future__ import annotations

import re

import attrs

_HEAD = "Traceback (most recent call last):"
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_ERROR = re.compile(r"^(?:[A-Za-z_][\w.]*)(?:Error|Exception|Warning|Interrupt|Exit|Failed)\b.*")
_OTHERS = re.compile(
    r"[/\\](?:site-packages|dist-packages)[/\\]|[/\\]lib[/\\]python3|[/\\]kfp[/\\]dsl[/\\]|^<"
)


@attrs.frozen
class Raised:
    """An exception that ended a program.

    Attributes:
        line: Its class and message, one line.
        place: `FILE:LINE in FUNCTION` of the user's own code, or the empty text.
    """

    line: str
    place: str


def last_exception(text: str) -> Raised | None:
    """Find the last exception in a log, or give None when there is none.

    Args:
        text: Lines of a log; the head of the traceback may have been cut off.
    """
    lines = text.splitlines()
    index = next((at for at in range(len(lines) - 1, -1, -1) if _is_error(lines, at)), None)
    if index is None:
        return None
    start = max((at for at in range(index) if _HEAD in lines[at]), default=0)
    return Raised(lines[index].strip(), _place(lines[start:index]))


def _is_error(lines: list[str], at: int) -> bool:
    """Tell whether a line is the last one of a traceback: it stands below a frame."""
    above = lines[max(0, at - 4) : at]
    below_frame = any(_FRAME.match(one) or one.startswith("    ") for one in above)
    return bool(_ERROR.match(lines[at])) and (below_frame or _HEAD in "\n".join(above))


def _place(lines: list[str]) -> str:
    frames = [match for match in map(_FRAME.match, lines) if match]
    own = [one for one in frames if not _OTHERS.search(one["file"])]
    if not own:
        return ""
    last = own[-1]
    function = f" in {last['function']}" if last["function"] not in (None, "<module>") else ""
    return f"{last['file']}:{last['line']}{function}"
