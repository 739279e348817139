"""What an hour of a machine costs, from a file of the user's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.errors import SettingError, nearest
from vertex_flow.texts import plain
from vertex_flow.toml import below, load, nearest_pyproject

_TABLES = ("machines", "accelerators")


def is_amount(value: Any) -> bool:
    """Tell whether a value is a number of 0 or more, of hours or of money."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value <= sys.float_info.max  # not nan, not infinite, no int beyond a float


def _check_prices(_: Any, attribute: attrs.Attribute[Any], prices: Any) -> None:
    if not isinstance(prices, Mapping):
        raise SettingError(f"Prices({attribute.name}={prices!r}): expected prices by name.")
    for name, price in prices.items():
        if not is_amount(price):
            raise SettingError(
                f"Prices({attribute.name}={{{name!r}: {price!r}}}): expected what an hour costs, "
                "0 or more."
            )


@attrs.frozen(kw_only=True)
class Prices:
    """Prices by name, an hour each.

    Attributes:
        currency: What they are in, for example `EUR`.
        machines: By machine type; of one that comes with accelerators, these included.
        accelerators: By accelerator type, for those that are attached to a machine.
        source: The file that they stand in.
    """

    currency: str = "USD"
    machines: Mapping[str, float] = attrs.field(factory=dict, validator=_check_prices)
    accelerators: Mapping[str, float] = attrs.field(factory=dict, validator=_check_prices)
    source: str = ""

    def an_hour(self, machine_type: str, accelerator: str, count: int) -> tuple[float, list[str]]:
        """What an hour of a machine costs.

        Args:
            machine_type: Its type.
            accelerator: Type of the accelerators that are attached to it; empty for none.
            count: How many of them.

        Returns:
            The price, and the names that have none.
        """
        parts = [(self.machines.get(machine_type), 1, machine_type)]
        if accelerator and count:
            parts.append((self.accelerators.get(accelerator), count, accelerator))
        missing = [name for price, _, name in parts if price is None]
        return sum((price or 0.0) * times for price, times, _ in parts), missing


def read(file: str | Path | None = None) -> Prices | None:
    """Read prices.

    ```toml
    currency = "EUR"

    [machines]
    n1-standard-4 = 0.19

    [accelerators]
    NVIDIA_TESLA_T4 = 0.35
    ```

    Args:
        file: A TOML file; by default what `prices` in the table `[tool.vertex_flow]` of the
            nearest `pyproject.toml` says, relative to its folder.

    Returns:
        The prices; None when no file is given and none is named.

    Raises:
        SettingError: The file cannot be read, or something in it is no price.
    """
    if file is not None and not isinstance(file, (str, Path)):
        raise SettingError(f"prices={file!r}: expected the path of a TOML file.")
    path = Path(file) if file is not None else _named()
    if path is None:
        return None
    found = load(path)
    known = ("currency", *_TABLES)
    for key in found:
        if key not in known:
            raise SettingError(
                f"{path}: there is no setting {key!r}; there are {', '.join(known)}."
                + nearest(key, known)
            )
    currency = found.get("currency", "USD")
    if not isinstance(currency, str) or not currency.strip():
        raise SettingError(f"{path}: currency = {currency!r}: expected a text such as 'EUR'.")
    tables = {key: _table(path, key, found.get(key, {})) for key in _TABLES}
    return Prices(currency=currency, source=str(path), **tables)


def _named() -> Path | None:
    pyproject = nearest_pyproject()
    if pyproject is None:
        return None
    found = below(load(pyproject), "tool", "vertex_flow", "prices")
    if found is None:
        return None
    if not isinstance(found, str):
        raise SettingError(
            f"{pyproject}: [tool.vertex_flow] prices = {found!r}: expected the path of a file."
        )
    return pyproject.parent / found


def _table(path: Path, key: str, table: Any) -> dict[str, float]:
    if not isinstance(table, Mapping):
        raise SettingError(f"{path}: {key} = {table!r}: expected a table, [{key}].")
    for name, price in table.items():
        if not is_amount(price):
            raise SettingError(
                f"{path}: [{key}] {plain(name)} = {price!r}: expected what an hour costs, 0 or "
                "more."
            )
    return {name: float(price) for name, price in table.items()}
