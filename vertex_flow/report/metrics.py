"""Metrics of all the data, and those of one class each (`precision_3`)."""

from __future__ import annotations

from collections.abc import Mapping


def is_overall(metric: str) -> bool:
    """Tell whether a metric is of all the data, not of one class (`precision_3`)."""
    return not metric.rpartition("_")[2].isdecimal()


def by_class(
    metrics: Mapping[str, float],
) -> tuple[dict[str, float], tuple[list[str], list[list[float | str]]]]:
    """Part metrics of all the data from those of classes.

    Args:
        metrics: Metrics by name.

    Returns:
        Those of all the data; and a table of the others, a row a class: its header, its rows.
    """
    overall = {name: value for name, value in metrics.items() if is_overall(name)}
    kinds = list(dict.fromkeys(_parted(name)[0] for name in metrics if name not in overall))
    found = sorted({_parted(name)[1] for name in metrics if name not in overall})
    rows: list[list[float | str]] = [
        [str(one), *[metrics.get(f"{kind}_{one}", "") for kind in kinds]] for one in found
    ]
    return overall, (["class", *kinds], rows)


def _parted(metric: str) -> tuple[str, int]:
    kind, _, number = metric.rpartition("_")
    return kind, int(number)
