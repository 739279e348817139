"""What artifacts hold, as text."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from vertex_flow.ui.previews import preview


def test_a_text(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_text("<script>alert(1)</script>")
    found = preview(file)
    assert (found.kind, found.text, found.size) == ("text", "<script>alert(1)</script>", 25)


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x" * 200_001)
    found = preview(file)
    assert (found.cut, len(found.text)) == (True, 200_000)


def test_json_is_indented(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text('{"b":[1]}')
    assert preview(file).text == '{\n  "b": [\n    1\n  ]\n}'


@pytest.mark.parametrize("said", ['{"b"', "[" * 5000, "{not json}"])
def test_what_only_looks_like_json_stays(tmp_path: Path, said: str) -> None:
    file = tmp_path / "a"
    file.write_text(said)
    assert preview(file).text == said


def test_arrays_are_named_with_type_and_shape(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with file.open("wb") as opened:
        np.savez(opened, x=np.zeros((2, 3), "float32"), y=np.zeros(2, "int64"))
    found = preview(file)
    assert (found.kind, found.text) == ("arrays", "x  float32  (2, 3)\ny  int64  (2,)")


def test_an_array_of_objects_is_not_loaded(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    np.savez(file, x=np.array([{}], dtype=object))
    assert preview(file).text == "x  object  (1,)"


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"\0\1\2")
    assert (preview(file).kind, preview(file).size) == ("binary", 3)


def test_a_folder_lists_its_folders_first(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("abc")
    assert preview(tmp_path).entries == (("b", None), ("a.txt", 3))


def test_a_folder_inside_names_files_from_the_artifact_on(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_text("abc")
    assert preview(tmp_path, "b").entries == (("b/c.txt", 3),)


def test_a_file_inside(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    assert preview(tmp_path, "a.txt").text == "abc"


@pytest.mark.parametrize("inside", ["../secret", "/etc/hostname", "link", "nowhere", "\0"])
def test_nothing_outside_is_shown(tmp_path: Path, inside: str) -> None:
    root = tmp_path / "artifact"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    assert preview(root, inside).kind == "gone"


def test_what_is_gone(tmp_path: Path) -> None:
    assert preview(tmp_path / "nowhere").kind == "gone"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert preview(tmp_path / "pipe").kind == "gone"


def test_a_device_is_not_read() -> None:
    assert preview(Path("/dev/zero")).kind == "gone"


def test_a_name_that_is_no_text_is_shown_with_marks(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.txt")).write_text("abc")
    assert preview(tmp_path).entries == (("a\ufffd.txt", 3),)


def test_a_link_to_nothing_hides_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert [name for name, _ in preview(tmp_path).entries] == ["link", "a.txt"]


def test_brackets_that_would_be_indented_to_megabytes_stay(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text(f"[{','.join(['[' * 300 + ']' * 300] * 50)}]")
    assert preview(file).text == file.read_text()


def test_what_only_calls_itself_an_archive_is_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"PK\3\4\0\0 no archive")
    assert preview(file).kind == "binary"


def test_of_an_array_only_the_beginning_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    header = b"\x93NUMPY\x02\x00" + (2**24).to_bytes(4, "little") + b" " * 2**24
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header)
    assert preview(file).kind == "binary"
