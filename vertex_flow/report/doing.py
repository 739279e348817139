"""What a program is doing, from the last lines of its log: a table of patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from vertex_flow.texts import describe_value, plain

_LONGEST = 500  # characters of a line that are looked at

_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, and where the cursor goes
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles and links
    r"|\x1b[@-Z\\-_]"
)
_FRAME = re.compile(r"\[engine\] |\[KFP Executor ")
_NUMBER = r"[-+]?\d+\.\d+(?:e[-+]?\d+)?"
_METRIC = re.compile(
    rf"(?P<name>[A-Za-z][\w.@-]*?)['\"]?(?:\s*[:=]\s*|\s+)(?P<value>{_NUMBER})(?![\w.:])", re.I
)
_VALIDATION = ("val", "eval", "test")


@attrs.frozen
class Row:
    """A way in which programs say how far they are.

    Attributes:
        pattern: What it looks like in a line; its groups are the facts.
        within: In how many of the last lines it is looked for.
        words: Words it from what was found, that line, and the lines.
    """

    pattern: re.Pattern[str]
    within: int
    words: Callable[[re.Match[str], Sequence[str]], str]


def _epoch(found: re.Match[str], lines: Sequence[str]) -> str:
    of = f"/{found['of']}" if found["of"] else ""
    return f"epoch {found['number']}{of} {_metric(lines)}".rstrip()


def _round(found: re.Match[str], lines: Sequence[str]) -> str:
    return f"round {found['number']} {_metric(lines[-1:])}".rstrip()


def _share(found: re.Match[str], _: Sequence[str]) -> str:
    return f"{found['what'].strip(' :|-')} {found['percent']} %".lstrip()


def _line(found: re.Match[str], _: Sequence[str]) -> str:
    return found[0].strip()


ROWS = (
    # Keras and Lightning: `Epoch 4/5`, `Epoch 4:  40%|`; the example's trainer: `epoch 4/5 loss …`.
    Row(
        re.compile(
            r"(?:^|[\s\]:])epoch[\s:#=\[]*(?P<number>\d+)(?:\s*(?:/|of)\s*(?P<of>\d+))?", re.I
        ),
        30,
        _epoch,
    ),
    # XGBoost and LightGBM: `[12]	validation-auc:0.97`.
    Row(re.compile(r"^\[(?P<number>\d+)\]\s"), 1, _round),
    # tqdm, pip, gcloud: `uploading:  40%|####      | 4/10`.
    Row(re.compile(r"^(?P<what>[^%|\d]{0,60}?)\s*\b(?P<percent>\d{1,3})(?:\.\d+)?\s?%"), 1, _share),
    Row(re.compile(r"\S.*"), 1, _line),
)


def doing(lines: Sequence[str]) -> str:
    """Say what a program is doing.

    Args:
        lines: The last lines of its log, as `readable` gives them.

    Returns:
        A few words, `epoch 4/5 val_accuracy 0.974` or the last line; empty when nothing was said.
    """
    for row in ROWS:
        for line in reversed(lines[-row.within :]):
            found = row.pattern.search(line)
            if found:
                return row.words(found, lines)
    return ""


def readable(text: str) -> tuple[str, ...]:
    """Make lines of a log that a terminal would have shown: no colours, bars at their last state.

    Args:
        text: The log, or the end of it; what no terminal should obey is written as escapes.

    Returns:
        The program's own lines that are not empty, in order, each cut to 500 characters.
    """
    lines = (_overwritten(_ESCAPE.sub("", line)) for line in text.split("\n"))
    shown = (plain(line[:_LONGEST].expandtabs(4)).rstrip() for line in lines)
    return tuple(_own(line for line in shown if line))


def _own(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what the engine and KFP say around a program, with what it goes on for."""
    is_framed = False
    for line in lines:
        is_framed = bool(_FRAME.match(line)) or (is_framed and line[0] in " {}")
        if not is_framed:
            yield line


def _overwritten(line: str) -> str:
    """What is left of a line that was written over itself."""
    parts = [part for part in re.split(r"\r|\x08+", line) if part.strip()]
    return parts[-1] if parts else ""


def _metric(lines: Sequence[str]) -> str:
    """The metric that tells most, of the last line that has some."""
    for line in reversed(lines):
        found = [(one["name"], one["value"]) for one in _METRIC.finditer(line)]
        if found:
            name, value = min(found, key=lambda one: _rank(one[0].lower()))
            return f"{name} {describe_value(float(value))}"
    return ""


def _rank(name: str) -> tuple[bool, bool]:
    """Validation first, and what is the better the larger before losses."""
    return not name.startswith(_VALIDATION), "loss" in name or "err" in name or name in ("lr", "s")
