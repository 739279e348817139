"""What artifacts hold, in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow import GcpContext
from vertex_flow.runs import contents
from vertex_flow.runs.contents import content_of


@pytest.fixture
def place(tmp_path: Path) -> GcpContext:
    return GcpContext.local(tmp_path / "home")


def folder(path: Path, **files: str) -> str:
    """Write files into a folder, and give its URI."""
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(text)
    return str(path)


def test_folders_with_the_same_files(tmp_path: Path, place: GcpContext) -> None:
    found = [content_of(folder(tmp_path / name, a="1", b="2"), place) for name in "xy"]
    assert (found[0], len(found[0] or "")) == (found[1], 64)


@pytest.mark.parametrize("files", [{"a": "2"}, {"b": "1"}, {"a": "1", "b": ""}], ids=repr)
def test_folders_with_other_files(tmp_path: Path, place: GcpContext, files: dict[str, str]) -> None:
    one, other = folder(tmp_path / "x", a="1"), folder(tmp_path / "y", **files)
    assert content_of(one, place) != content_of(other, place)


def test_a_file(tmp_path: Path, place: GcpContext) -> None:
    for name in "xy":
        (tmp_path / name).write_text("1")
    found = {content_of(str(tmp_path / name), place) for name in "xy"}
    assert len(found) == 1


@pytest.mark.parametrize("name", ["empty", "gone"])
def test_nothing(tmp_path: Path, place: GcpContext, name: str) -> None:
    folder(tmp_path / "empty")
    assert content_of(str(tmp_path / name), place) == ""


def test_objects_of_a_bucket(place: GcpContext) -> None:
    assert place.home is not None
    bucket = place.home / "storage" / "acme-ml"
    for name, text in (("x", "1"), ("y", "1"), ("x2", "2")):
        folder(bucket / name, a=text)
    found = [content_of(f"gs://acme-ml/{name}", place) for name in ("x", "y", "x2", "gone")]
    assert found[0] == found[1] != found[2]
    assert found[3] == ""


def test_more_files_than_are_read(
    tmp_path: Path, place: GcpContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "_MOST_FILES", 1)
    uri = folder(tmp_path / "home" / "storage" / "acme-ml" / "x", a="1", b="2")
    assert [content_of(one, place) for one in (uri, "gs://acme-ml/x")] == [None, None]


def test_a_folder_and_the_objects_that_it_is_mounted_from(place: GcpContext) -> None:
    assert place.home is not None
    path = folder(place.home / "storage" / "acme-ml" / "x", a="1", b="2")
    uris = (path, f"file://{path}", "gs://acme-ml/x", "/gcs/acme-ml/x")
    assert len({content_of(uri, place) for uri in uris}) == 1
    assert content_of("/gcs/acme-ml/y", place) == ""


def test_looking_makes_no_bucket(place: GcpContext) -> None:
    assert content_of("gs://not-there/x", place) == ""
    assert place.home is not None
    assert not (place.home / "storage" / "not-there").exists()


@pytest.mark.parametrize(
    "uri", ["", "relative", "https://x/y", "gs://acme-ml/../../token", "/gcs/../token"]
)
def test_what_is_elsewhere(place: GcpContext, uri: str) -> None:
    assert content_of(uri, place) is None


def test_a_run_that_was_made_without_a_context(tmp_path: Path) -> None:
    assert content_of(str(tmp_path), None) is None
