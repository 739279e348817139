"""What an hour of a machine costs, from a file of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vertex_flow.errors import SettingError
from vertex_flow.prices import Prices, is_amount, read

TOML = """
currency = "EUR"

[machines]
n1-standard-4 = 0.19
e2-standard-4 = 1

[accelerators]
NVIDIA_TESLA_T4 = 0.35
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "prices.toml").write_text(TOML)
    return tmp_path / "prices.toml"


def test_prices_are_read(file: Path) -> None:
    assert read(file) == Prices(
        currency="EUR",
        machines={"n1-standard-4": 0.19, "e2-standard-4": 1.0},
        accelerators={"NVIDIA_TESLA_T4": 0.35},
        source=str(file),
    )


def test_the_file_that_the_project_names(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = file.parent / "inner"
    inner.mkdir()
    (file.parent / "pyproject.toml").write_text('[tool.vertex_flow]\nprices = "prices.toml"')
    monkeypatch.chdir(inner)
    prices = read()
    assert prices is not None
    assert (prices.currency, prices.source) == ("EUR", str(file))


@pytest.mark.parametrize("content", [None, "", "[tool.vertex_flow]"])
def test_no_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "pyproject.toml").write_text(content)
    assert read() is None


def test_a_file_is_named_by_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.vertex_flow]\nprices = 5")
    with pytest.raises(SettingError) as caught:
        read()
    assert str(caught.value) == (
        f"{tmp_path / 'pyproject.toml'}: [tool.vertex_flow] prices = 5: expected the path of a "
        "file."
    )


def test_an_hour_of_a_machine(file: Path) -> None:
    prices = read(file)
    assert prices is not None
    assert prices.an_hour("n1-standard-4", "", 0) == (0.19, [])
    assert prices.an_hour("n1-standard-4", "NVIDIA_TESLA_T4", 2) == (pytest.approx(0.89), [])
    assert prices.an_hour("n1-standard-8", "NVIDIA_L4", 1) == (0, ["n1-standard-8", "NVIDIA_L4"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "[machine]",
            "there is no setting 'machine'; there are currency, machines, accelerators. "
            "Did you mean 'machines'?",
        ),
        ("currency = 5", "currency = 5: expected a text such as 'EUR'."),
        ("currency = ' '", "currency = ' ': expected a text such as 'EUR'."),
        ("machines = 5", "machines = 5: expected a table, [machines]."),
        (
            "[machines]\nn1-standard-4 = -1",
            "[machines] n1-standard-4 = -1: expected what an hour costs, 0 or more.",
        ),
        (
            '[machines]\nn1-standard-4 = "0.19"',
            "[machines] n1-standard-4 = '0.19': expected what an hour costs, 0 or more.",
        ),
        (
            "[accelerators]\nx = nan",
            "[accelerators] x = nan: expected what an hour costs, 0 or more.",
        ),
        (
            "[accelerators]\nx = true",
            "[accelerators] x = True: expected what an hour costs, 0 or more.",
        ),
    ],
)
def test_what_is_no_price(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(content)
    with pytest.raises(SettingError) as caught:
        read(file)
    assert str(caught.value) == f"{file}: {message}"


def test_a_path_that_is_none() -> None:
    nothing: Any = 5
    with pytest.raises(SettingError) as caught:
        read(nothing)
    assert str(caught.value) == "prices=5: expected the path of a TOML file."


@pytest.mark.parametrize("table", ["tool = 1", "[tool]\nvertex_flow = 1"])
def test_a_pyproject_of_another_shape_names_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(table)
    monkeypatch.chdir(tmp_path)
    assert read() is None


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, True),
        (1.5, True),
        (-1, False),
        (True, False),
        ("1", False),
        (None, False),
        (float("nan"), False),
        (float("inf"), False),
        (10**400, False),
    ],
)
def test_what_is_an_amount(value: Any, amount: bool) -> None:
    assert is_amount(value) == amount


@pytest.mark.parametrize(
    ("machines", "message"),
    [
        (None, "Prices(machines=None): expected prices by name."),
        ({"a": -1}, "Prices(machines={'a': -1}): expected what an hour costs, 0 or more."),
    ],
)
def test_prices_by_hand_are_checked(machines: Any, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Prices(machines=machines)
    assert str(caught.value) == message
