"""How runs differ, row by row: plain values, for a terminal, a page and programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from vertex_flow.texts import iso

UNCOUNTED = ("durations",)


@attrs.frozen(kw_only=True)
class ComparedRun:
    """A run that is compared.

    Attributes:
        name: Resource name.
        job_id: The last part of it.
        flow: Name of the flow.
        state: State of the run.
        place: Where it runs, in words.
        start: When it started, or None.
    """

    name: str
    job_id: str
    flow: str
    state: str
    place: str
    start: datetime | None


@attrs.frozen(kw_only=True)
class Row:
    """One thing that is compared.

    Attributes:
        section: One of `columns.SECTIONS`.
        name: What it is: `epochs`, `train.args.epochs`, `evaluate.accuracy`.
        values: Its value in each run, plain data; None where the run has none.
        same: Whether it is the same in all runs.
        stage: Name of the stage that it is of, or the empty text.
        note: What the values do not tell, or the empty text: `other content`.
        best: Index of the run whose value is the best; None where that is not known, or where
            several are.
        lines: For source code that differs, the lines of a unified diff of the first and the last
            run.
    """

    section: str
    name: str
    values: tuple[Any, ...]
    same: bool
    stage: str = ""
    note: str = ""
    best: int | None = None
    lines: tuple[str, ...] = ()

    @property
    def change(self) -> float | None:
        """The last number minus the first; None where one of them is no number."""
        first, last = self.values[0], self.values[-1]
        if not (_is_number(first) and _is_number(last)):
            return None
        return float(last - first)

    @property
    def counts(self) -> bool:
        """Whether runs that differ in it alone are different; how long they took is no matter."""
        return self.section not in UNCOUNTED

    def as_json(self) -> dict[str, Any]:
        """It as plain data."""
        return {**attrs.asdict(self), "values": list(self.values), "lines": list(self.lines)}


@attrs.frozen(kw_only=True)
class Comparison:
    """How runs differ.

    Attributes:
        runs: The runs, in the order in which they were given.
        rows: Everything that was compared, section by section.
    """

    runs: tuple[ComparedRun, ...]
    rows: tuple[Row, ...]

    @property
    def same(self) -> bool:
        """Whether the runs are the same in everything but the time they took."""
        return not self.differences

    @property
    def differences(self) -> tuple[Row, ...]:
        """What differs. Of a stage that a run does not have, only that."""
        lacking = {row.stage for row in self.section("stages") if None in row.values}
        return tuple(
            row
            for row in self.rows
            if row.counts
            and not row.same
            and (row.stage not in lacking or row.section in ("stages", "metrics"))
        )

    def section(self, name: str) -> tuple[Row, ...]:
        """The rows of a section, the same ones included."""
        return tuple(row for row in self.rows if row.section == name)

    def as_json(self, *, everything: bool = False) -> dict[str, Any]:
        """It as plain data, which `json.dumps` writes.

        Args:
            everything: With what is the same.
        """
        shown = self.rows if everything else self.differences
        return {
            "same": self.same,
            "runs": [{**attrs.asdict(run), "start": iso(run.start)} for run in self.runs],
            "rows": [row.as_json() for row in shown],
        }

    def text(self, *, everything: bool = False, width: int = 80) -> str:
        """It as text that fits a terminal.

        Args:
            everything: With what is the same.
            width: Columns of the terminal.
        """
        from vertex_flow.report.columns import columns

        return columns(self, everything=everything, width=width)

    def __str__(self) -> str:
        return self.text()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
