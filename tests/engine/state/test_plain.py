from __future__ import annotations

import os
from pathlib import Path

import pytest

from vertex_flow.engine.state.plain import read_plain


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")

    assert read_plain(tmp_path / "a", longest=3) == b"abc"


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abcd")

    with pytest.raises(ValueError, match="is too long: it has more than 3 bytes"):
        read_plain(tmp_path / "a", longest=3)


def test_a_file_with_holes_is_too_long(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(10**12)

    with pytest.raises(ValueError, match="more than 16,777,216 bytes"):
        read_plain(tmp_path / "a")


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing"])
def test_what_is_no_plain_file(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "device":
        place.symlink_to("/dev/zero")

    with pytest.raises(FileNotFoundError):
        read_plain(place)
