"""The trials of a search for the best parameters, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import attrs

from vertex_flow.texts import describe_value, plain


@attrs.frozen(kw_only=True)
class Trial:
    """A trial.

    Attributes:
        id: Its id, `"1"` for the first.
        state: As Vertex AI says it: `SUCCEEDED`, `INFEASIBLE` ...
        parameters: The values that it tried, by name.
        metrics: Its final measurement, by metric; None for what was not finite.
        is_best: Whether it is the best one.
    """

    id: str
    state: str
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    metrics: Mapping[str, float | None] = attrs.field(factory=dict)
    is_best: bool = False


@attrs.frozen
class Trials(Sequence[Trial]):
    """The trials of a stage, by id: a sequence that prints, and shows in a notebook, as a table.

    `run["hyper-tune"].trials` gives them.

    Attributes:
        trials: The trials.

    Example:
        ```python
        from vertex_flow.report.trials import Trial, Trials

        trials = Trials((Trial(id="1", state="SUCCEEDED", parameters={"units": 64}, is_best=True),))
        assert trials.best.parameters == {"units": 64}
        ```
    """

    trials: tuple[Trial, ...] = ()

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Trials:
        """Read them from what a stage has put out; none where it is no search.

        Args:
            outputs: Parameters that it put out, by name.
        """
        found = outputs.get("trials")
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            return cls()
        best = next((one for one in found if _is_best(one, outputs)), None)
        return cls(
            tuple(
                Trial(
                    id=str(one.get("id", "")),
                    state=str(one.get("state", "")),
                    parameters=one.get("parameters") or {},
                    metrics=one.get("metrics") or {},
                    is_best=one is best,
                )
                for one in found
            )
        )

    @property
    def best(self) -> Trial | None:
        """The best trial, or None where there is none."""
        return next((one for one in self.trials if one.is_best), None)

    def to_frame(self) -> Any:
        """Give them as a pandas `DataFrame`, a row a trial, the id as index.

        Its columns are `state`, the parameters, the metrics, and `best`.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas as pd

        rows = [
            {"state": one.state, **one.parameters, **one.metrics, "best": one.is_best}
            for one in self.trials
        ]
        columns = ["state", *self._parameters, *self._metrics, "best"]
        index = pd.Index([one.id for one in self.trials], name="trial")
        return pd.DataFrame(rows, index=index, columns=columns)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Word them as a table: the header, and a row a trial."""
        parameters, metrics = self._parameters, self._metrics
        rows = [
            [
                one.id,
                one.state.lower(),
                *[describe_value(one.parameters.get(name, "")) for name in parameters],
                *[_measured(one.metrics.get(name, "")) for name in metrics],
            ]
            for one in self.trials
        ]
        return ["trial", "state", *map(plain, [*parameters, *metrics])], rows

    @property
    def _parameters(self) -> list[str]:
        return list(dict.fromkeys(name for one in self.trials for name in one.parameters))

    @property
    def _metrics(self) -> list[str]:
        return list(dict.fromkeys(name for one in self.trials for name in one.metrics))

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        return self.trials[index]

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __str__(self) -> str:
        from vertex_flow.report.table import table

        header, rows = self.rows()
        marked = [
            [*row, "best" if one.is_best else ""]
            for row, one in zip(rows, self.trials, strict=True)
        ]
        return table([*header, ""], marked, flexible=range(2, len(header)))

    def _repr_html_(self) -> str:
        from vertex_flow.report.html import render

        header, rows = self.rows()
        best = next((at for at, one in enumerate(self.trials) if one.is_best), None)
        notes = [] if self.trials else ["no trials"]
        if best is not None:
            notes = [f"best: trial {self.trials[best].id}"]
        numbers = range(2, len(header))
        return render(
            "table", title="", header=header, rows=rows, numbers=numbers, marked=best, notes=notes
        )


def _is_best(trial: Mapping[str, Any], outputs: Mapping[str, Any]) -> bool:
    """Whether a trial has the best parameters and reached the best value with them."""
    reached = outputs.get("best_metric") in (trial.get("metrics") or {}).values()
    return reached and trial.get("parameters") == outputs.get("best_parameters")


def _measured(value: Any) -> str:
    return "NaN" if value is None else describe_value(value)
