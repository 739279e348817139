"""TOML files: read, and found from the working directory upwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow.errors import SettingError
from vertex_flow.toml import below, load, nearest_pyproject


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[a]\nb = 1")
    assert load(tmp_path / "x.toml") == {"a": {"b": 1}}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        load(tmp_path / "x.toml")
    assert str(caught.value) == f"{tmp_path / 'x.toml'} cannot be read: No such file or directory."


@pytest.mark.parametrize("content", [b"[a", b"\xff"])
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    with pytest.raises(SettingError, match=r"x\.toml is not valid TOML: "):
        load(tmp_path / "x.toml")


def test_the_nearest_pyproject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    above = nearest_pyproject()
    (tmp_path / "pyproject.toml").touch()
    assert (above, nearest_pyproject()) == (None, tmp_path / "pyproject.toml")


@pytest.mark.parametrize(
    ("keys", "value"),
    [(("a", "b"), 1), (("a",), {"b": 1}), (("a", "c"), None), (("a", "b", "c"), None)],
)
def test_what_stands_below_tables(keys: tuple[str, ...], value: object) -> None:
    assert below({"a": {"b": 1}}, *keys) == value


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfa = 1")
    assert load(tmp_path / "x.toml") == {"a": 1}


def test_a_file_that_is_nested_too_deeply(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("a = " + "[" * 9999)
    with pytest.raises(SettingError, match="is not valid TOML: it is nested too deeply"):
        load(tmp_path / "x.toml")


@pytest.mark.parametrize("name", ["a\x00b", "\ud800"])
def test_a_name_that_no_file_has(name: str) -> None:
    with pytest.raises(SettingError, match="is no name of a file"):
        load(Path(name))
