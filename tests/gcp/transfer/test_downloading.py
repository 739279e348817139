"""Objects of a bucket to this machine, from the cloud and from here alike."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gcp.transfer.conftest import MIB, Cloud, files_in
from vertex_flow import GcpContext
from vertex_flow.errors import ApiError, SettingError, TransferFailed
from vertex_flow.gcp.transfer import cloud as cloud_module

Tree = Callable[..., Path]
SIZE = 6 * MIB + 123


@pytest.fixture(params=["cloud", "local"])
def context(request: pytest.FixtureRequest, tree: Tree) -> GcpContext:
    """A context whose bucket has some objects."""
    found = request.getfixturevalue(request.param)
    context = found.context if isinstance(found, Cloud) else found
    context.upload(tree(a="1", deep__b="22", deep__c="333"), progress=False)
    return context


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "here"


def get(context: GcpContext, name: str, path: Path) -> tuple[int, int]:
    done = context.download(f"gs://{context.bucket}/{name}", path, progress=False)
    return done.copied, done.skipped


def refusal(context: GcpContext, name: str, path: Path) -> str:
    with pytest.raises(SettingError) as caught:
        get(context, name, path)
    return str(caught.value).replace(f"gs://{context.bucket}/", "gs://B/")


@pytest.mark.parametrize("name", ["data", "data/"])
def test_a_folder(context: GcpContext, here: Path, name: str) -> None:
    assert get(context, name, here) == (3, 0)
    assert files_in(here) == {"a": b"1", "deep/b": b"22", "deep/c": b"333"}


def test_a_whole_bucket(context: GcpContext, here: Path) -> None:
    get(context, "", here)
    assert sorted(files_in(here)) == ["data/a", "data/deep/b", "data/deep/c"]


def test_an_object_to_a_file(context: GcpContext, here: Path) -> None:
    assert get(context, "data/deep/b", here) == (1, 0)
    assert here.read_bytes() == b"22"


def test_an_object_to_a_folder(context: GcpContext, here: Path) -> None:
    here.mkdir()
    get(context, "data/deep/b", here)
    assert files_in(here) == {"b": b"22"}


def test_a_pattern(context: GcpContext, here: Path) -> None:
    get(context, "data/d*/[bx]", here)
    assert files_in(here) == {"deep/b": b"22"}


def test_what_is_there_is_skipped(context: GcpContext, here: Path) -> None:
    get(context, "data", here)
    (here / "a").write_text("X")
    assert get(context, "data", here) == (1, 2)
    assert (here / "a").read_bytes() == b"1"


def test_what_is_not_there_names_the_nearest(context: GcpContext, here: Path) -> None:
    assert refusal(context, "data/deap", here) == (
        "download('gs://B/data/deap'): there is no such object or folder. Did you mean 'deep'?"
    )


def test_a_pattern_that_matches_nothing(context: GcpContext, here: Path) -> None:
    assert refusal(context, "data/*.csv", here) == (
        "download('gs://B/data/*.csv'): no object matches this pattern."
    )


def test_a_folder_to_a_file(context: GcpContext, here: Path) -> None:
    here.write_text("")
    assert refusal(context, "data", here) == (
        f"download(path={str(here)!r}): expected a folder; this is a file."
    )


def test_a_folder_where_the_file_has_to_be(context: GcpContext, here: Path) -> None:
    (here / "a").mkdir(parents=True)
    with pytest.raises(TransferFailed) as caught:
        get(context, "data", here)
    assert caught.value.failures == (
        (
            f"gs://{context.bucket}/data/a",
            f"there is a folder where the file has to be: {here}/a",
        ),
    )
    assert sorted(files_in(here)) == ["deep/b", "deep/c"]


def test_a_link_that_leaves_the_folder_is_not_followed(
    context: GcpContext, here: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    here.mkdir()
    (here / "deep").symlink_to(tmp_path / "outside")
    with pytest.raises(TransferFailed) as caught:
        get(context, "data", here)
    assert {why for _, why in caught.value.failures} == {
        f"{here}/deep is behind a link that leaves {here}"
    }
    assert files_in(tmp_path / "outside") == {}


def test_nothing_but_the_files_is_left(context: GcpContext, here: Path) -> None:
    get(context, "data", here)
    assert [path for path in here.rglob("*") if path.name.endswith(".part")] == []


class Hostile:
    """A Cloud Storage whose names are not those of files; the engine's are."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def names(self, *names: str, size: int = 0) -> None:
        items = [
            {"name": name, "size": str(size), "crc32c": "AAAAAA==", "generation": "1"}
            for name in names
        ]
        self.cloud.proxy.refuse(
            200, when="fields=items", body=json.dumps({"items": items}).encode()
        )


@pytest.mark.parametrize("name", ["x/../../up", "x//etc/passwd", "x/./a", "x/a\0b", "x/.."])
def test_names_that_would_leave_the_folder_are_refused(
    cloud: Cloud, here: Path, name: str, tmp_path: Path
) -> None:
    Hostile(cloud).names(name, "x/good")
    before = files_in(tmp_path)
    with pytest.raises(TransferFailed) as caught:
        cloud.download("x/", here)
    assert caught.value.failures == (
        (
            f"{cloud.uri}/{name}",
            "no file in the folder can have this name; copy it alone, to a file",
        ),
    )
    assert files_in(here) == {"good": b""}
    assert set(files_in(tmp_path)) - set(before) == {"here/good"}


def test_a_name_with_a_slash_at_its_end_is_a_folder(cloud: Cloud, here: Path) -> None:
    Hostile(cloud).names("x/", "x/empty/")
    assert cloud.download("x/", here).copied == 1
    assert (here / "empty").is_dir()


def test_a_folder_with_content_is_said(cloud: Cloud, here: Path) -> None:
    Hostile(cloud).names("x/odd/", size=5)
    with pytest.raises(TransferFailed) as caught:
        cloud.download("x/", here)
    assert caught.value.failures[0][1] == (
        "its name ends with '/', as a folder's, but it has 5 bytes; copy it with "
        "`gcloud storage cat`"
    )


def test_one_that_another_process_copies_is_left_alone(
    cloud: Cloud, here: Path, tmp_path: Path
) -> None:
    (cloud.folder / "a").write_text("1")
    cloud.proxy.refuse(503, 10, when="alt=media")
    with pytest.raises(ApiError):
        cloud.download("a", here)
    (part,) = tmp_path.glob(".*.part")
    with part.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TransferFailed) as caught:
            cloud.download("a", here)
    assert caught.value.failures == ((f"{cloud.uri}/a", f"another process copies it, to {part}"),)


@pytest.fixture
def large(cloud: Cloud) -> bytes:
    data = os.urandom(SIZE)
    (cloud.folder / "large").write_bytes(data)
    return data


def test_a_cut_connection_goes_on_where_it_was(cloud: Cloud, large: bytes, here: Path) -> None:
    cloud.proxy.cut("down", 3 * MIB, 2 * MIB)
    cloud.download("large", here)
    assert here.read_bytes() == large
    assert cloud.proxy.carried["down"] < SIZE + MIB
    assert len(cloud.pauses) == 2


def test_it_comes_in_windows(
    cloud: Cloud, large: bytes, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_module, "WINDOW", MIB)
    cloud.download("large", here)
    assert here.read_bytes() == large
    assert cloud.requests("GET") == 1 + 7


def test_the_next_call_goes_on_with_what_was_given_up(
    cloud: Cloud, large: bytes, here: Path, tmp_path: Path
) -> None:
    cloud.proxy.cut("down", 4 * MIB, 0, 0, 0, 0)
    with pytest.raises(ApiError):
        cloud.download("large", here)
    assert not here.exists()
    cloud.proxy.carried["down"] = 0
    cloud.download("large", here)
    assert here.read_bytes() == large
    assert cloud.proxy.carried["down"] < SIZE - 3 * MIB
    assert list(tmp_path.glob(".*.part")) == []


def test_another_content_begins_anew(
    cloud: Cloud, large: bytes, here: Path, tmp_path: Path
) -> None:
    cloud.proxy.cut("down", 4 * MIB, 0, 0, 0, 0)
    with pytest.raises(ApiError):
        cloud.download("large", here)
    new = os.urandom(SIZE)
    (cloud.folder / "large").write_bytes(new)
    cloud.download("large", here)
    assert here.read_bytes() == new
    assert list(tmp_path.glob(".*.part")) == []


def test_bytes_that_were_damaged_are_not_kept(cloud: Cloud, here: Path, tmp_path: Path) -> None:
    Hostile(cloud).names("a", size=3)
    cloud.proxy.refuse(206, when="alt=media", body=b"abc")
    with pytest.raises(TransferFailed) as caught:
        cloud.download("a", here)
    assert caught.value.failures == (
        (
            f"{cloud.uri}/a",
            "what came is damaged: CRC32C Nks/tw==, expected AAAAAA==; copy it again",
        ),
    )
    assert not here.exists()
    assert list(tmp_path.glob(".*.part")) == []


def test_an_object_that_is_replaced_meanwhile(cloud: Cloud, large: bytes, here: Path) -> None:
    cloud.proxy.refuse(404, when="alt=media")
    with pytest.raises(TransferFailed) as caught:
        cloud.download("large", here)
    assert caught.value.failures[0][1] == "the object was replaced while it was copied"


@pytest.mark.parametrize("code", [429, 500, 503])
def test_it_gets_through_a_burst_of_refusals(
    cloud: Cloud, large: bytes, here: Path, code: int
) -> None:
    cloud.proxy.refuse(code, 3, when="fields=items")
    cloud.proxy.refuse(code, 3, when="alt=media")
    cloud.download("large", here)
    assert here.read_bytes() == large


def test_a_bucket_that_is_not_there(cloud: Cloud, here: Path) -> None:
    with pytest.raises(ApiError) as caught:
        cloud.context.download("gs://acme-other/x", here, progress=False)
    assert caught.value.cause == (
        "there is no bucket acme-other; GcpContext.setup() makes the context's own."
    )
