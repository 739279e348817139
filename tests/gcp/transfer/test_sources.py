"""Which files of this machine are meant."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vertex_flow.errors import SettingError
from vertex_flow.gcp.transfer.sources import find

Tree = Callable[..., Path]


def names(path: Path | str) -> list[str]:
    return [one.name for one in find(Path(path)).files]


@pytest.fixture
def data(tree: Tree) -> Path:
    folder = tree(a="", b="", deep__c="")
    (folder / "a").rename(folder / "a.csv")
    (folder / "deep" / "c").rename(folder / "deep" / "c.csv")
    return folder


def test_a_file(data: Path) -> None:
    assert names(data / "b") == ["b"]


def test_a_folder_with_those_in_it(data: Path) -> None:
    assert names(data) == ["a.csv", "b", "deep/c.csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.csv", ["a.csv"]),
        ("**/*.csv", ["a.csv", "deep/c.csv"]),
        ("**", ["a.csv", "b", "deep/c.csv"]),
        ("*/*", ["deep/c.csv"]),
        ("{a,b}*", ["a.csv", "b"]),
        ("d*/c.csv", ["deep/c.csv"]),
    ],
)
def test_a_pattern(data: Path, pattern: str, found: list[str]) -> None:
    assert names(data / pattern) == found


def test_a_pattern_in_the_working_directory(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    assert names("*.csv") == ["a.csv"]


def test_a_name_with_a_wildcard_in_it_is_taken_as_it_is(data: Path) -> None:
    (data / "[x]*").write_text("")
    assert names(data / "[x]*") == ["[x]*"]


def test_what_is_not_there_names_the_nearest(data: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(data / "a.cvs")
    assert str(caught.value) == (
        f"upload('{data}/a.cvs'): there is no such file or folder. Did you mean 'a.csv'?"
    )


def test_a_folder_that_is_not_there(data: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(data / "depe" / "c.csv")
    assert str(caught.value) == (
        f"upload('{data}/depe/c.csv'): there is no such file or folder. There is no folder "
        f"'{data}/depe' either."
    )


def test_a_pattern_that_matches_nothing(data: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(data / "*.txt")
    assert str(caught.value) == (
        f"upload('{data}/*.txt'): no file matches this pattern. Files in its folders match '**/*'."
    )


def test_a_pattern_in_a_folder_that_is_not_there(data: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(data / "deeep" / "*")
    assert str(caught.value) == (
        f"upload('{data}/deeep/*'): there is no folder '{data}/deeep/'. Did you mean 'deep'?"
    )


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        find(tmp_path)
    assert str(caught.value) == f"upload('{tmp_path}'): there are no files in this folder."


def test_links_are_followed(data: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "d").write_text("")
    (data / "link").symlink_to(tmp_path / "other")
    assert names(data / "link*" / "*") == ["link/d"]


def test_a_loop_of_links_is_said_and_the_others_are_found(data: Path) -> None:
    (data / "deep" / "up").symlink_to(data)
    found = find(data)
    assert [one.name for one in found.files] == ["a.csv", "b", "deep/c.csv"]
    assert [(one.what, one.reason) for one in found.failures] == [
        (f"{data}/deep/up", "it is a link to a folder that it is in, a loop")
    ]


def test_a_link_to_itself_is_no_folder(data: Path) -> None:
    (data / "self").symlink_to(data / "self")
    assert names(data) == ["a.csv", "b", "deep/c.csv", "self"]


def test_a_name_that_is_no_utf_8_is_found(data: Path) -> None:
    Path(os.fsdecode(bytes(data) + b"/\xff")).write_text("")
    assert names(data) == ["a.csv", "b", "deep/c.csv", "\udcff"]
