"""Files of runs: on this machine, in a bucket of an engine, and in one of a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.buckets import cloud_at
from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.runs import files


@pytest.fixture
def place(tmp_path: Path) -> GcpContext:
    return GcpContext.local(tmp_path / "home")


@pytest.mark.parametrize("uri", ["gs://bucket/a/b.txt", "/gcs/bucket/a/b.txt"])
def test_a_bucket_of_an_engine_is_a_folder(place: GcpContext, uri: str) -> None:
    home = place.home
    assert home is not None
    assert files.local_path(uri, home) == home / "storage" / "bucket" / "a" / "b.txt"


@pytest.mark.parametrize("uri", ["gs://bucket/../../token", "/gcs/..", "gs://bucket/a\0b"])
def test_nothing_leaves_its_bucket(place: GcpContext, uri: str) -> None:
    with pytest.raises(SettingError) as caught:
        files.local_path(uri, place.home)
    assert str(caught.value) == f"{uri!r} leaves its bucket: a path may not contain '..'."


def test_a_bucket_without_an_engine_is_elsewhere() -> None:
    assert files.local_path("gs://bucket/a", None) is None


@pytest.mark.parametrize("uri", ["/tmp/x", "file:///tmp/x"])
def test_a_path_is_one(uri: str) -> None:
    assert files.local_path(uri, None) == Path("/tmp/x")


def test_a_file_url_may_have_escapes() -> None:
    assert files.local_path("file:///tmp/a%20b", None) == Path("/tmp/a b")


def test_a_relative_path_is_nowhere() -> None:
    assert files.local_path("some/where", None) is None


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    assert files.read(None, str(tmp_path / "a"), most=4) == b"text"


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    with pytest.raises(SettingError) as caught:
        files.read(None, str(tmp_path / "a"), most=3)
    assert str(caught.value) == f"{tmp_path}/a has 4 bytes, more than the 3 that are read."


def test_a_bucket_needs_a_context() -> None:
    with pytest.raises(SettingError) as caught:
        files.read(None, "gs://bucket/a", most=3)
    assert str(caught.value) == (
        "gs://bucket/a is in a bucket, which is reached by a context: Run.attach(...)."
    )


def test_files_below_a_folder_are_linked(tmp_path: Path) -> None:
    (tmp_path / "logs" / "train").mkdir(parents=True)
    (tmp_path / "logs" / "train" / "events.1").write_text("text")
    (tmp_path / "logs" / "other").touch()
    with files.below(None, str(tmp_path / "logs"), "events") as (found, copy):
        assert [(one.path, one.size) for one in found] == [("train/events.1", 4)]
        copy(found[0], tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "text"


def test_no_folder_has_no_files(tmp_path: Path) -> None:
    with files.below(None, str(tmp_path / "none"), "events") as (found, _):
        assert found == []


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcpContext]:
    """A project whose bucket `acme-ml` has two files."""
    home = tmp_path_factory.mktemp("files") / "home"
    folder = home / "storage" / "acme-ml" / "run" / "lo[gs"
    folder.mkdir(parents=True)
    (folder / "events.1").write_text("text")
    (folder / "other").write_text("other")
    with EmbeddedEngine.start(home) as engine:
        yield cloud_at(engine)


def test_an_object_is_read(cloud: GcpContext) -> None:
    assert files.read(cloud, "gs://acme-ml/run/lo[gs/events.1", most=4) == b"text"


def test_a_large_object_is_refused(cloud: GcpContext) -> None:
    with pytest.raises(SettingError, match=r"has 4 bytes, more than the 3 that are read\.$"):
        files.read(cloud, "gs://acme-ml/run/lo[gs/events.1", most=3)


def test_an_object_that_is_not_there(cloud: GcpContext) -> None:
    with pytest.raises(SettingError, match=r"^there is no gs://acme-ml/run/none\.$"):
        files.read(cloud, "gs://acme-ml/run/none", most=3)


def test_objects_below_a_folder_are_copied(cloud: GcpContext, tmp_path: Path) -> None:
    with files.below(cloud, "gs://acme-ml/run/", "events") as (found, copy):
        assert [(one.path, one.size) for one in found] == [("lo[gs/events.1", 4)]
        copy(found[0], tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "text"


def test_a_name_with_wildcards_means_itself(cloud: GcpContext) -> None:
    with files.below(cloud, "gs://acme-ml/run/lo[gs", "events") as (found, _):
        assert [one.path for one in found] == ["events.1"]


def test_a_bucket_that_is_not_there_is_refused(cloud: GcpContext) -> None:
    with pytest.raises(ApiError), files.below(cloud, "gs://no-such-bucket/run", "events"):
        pass
