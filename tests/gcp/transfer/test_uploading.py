"""Files of this machine to a bucket, in the cloud and here alike."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from tests.gcp.transfer.conftest import Cloud, files_in
from vertex_flow import GcpContext
from vertex_flow.commands import create_bucket
from vertex_flow.errors import ApiError, PermissionMissing, SettingError, TransferFailed

Tree = Callable[..., Path]

DENIED = (
    b'{"error": {"code": 403, "message": "me@acme does not have storage.objects.create access to '
    b"the Google Cloud Storage object. Permission 'storage.objects.create' denied on resource (or "
    b'it may not exist)."}}'
)


@pytest.fixture(params=["cloud", "local"])
def context(request: pytest.FixtureRequest) -> GcpContext:
    found = request.getfixturevalue(request.param)
    return found.context if isinstance(found, Cloud) else found


def in_bucket(context: GcpContext, name: str, tmp_path: Path) -> bytes:
    context.download(f"gs://{context.bucket}/{name}", tmp_path / "read", progress=False)
    return (tmp_path / "read").read_bytes()


def test_a_folder_keeps_its_names(context: GcpContext, tree: Tree, tmp_path: Path) -> None:
    data = tree(a="1", deep__b="22", deep__er__ä="333")
    done = context.upload(data, f"gs://{context.bucket}/x", progress=False)
    names = ["x/a", "x/deep/b", "x/deep/er/ä"]
    assert done.uris == tuple(f"gs://{context.bucket}/{name}" for name in names)
    assert (done.copied, done.skipped, done.bytes) == (3, 0, 6)
    assert [in_bucket(context, name, tmp_path) for name in names] == [b"1", b"22", b"333"]


def test_what_is_there_is_skipped(context: GcpContext, tree: Tree, tmp_path: Path) -> None:
    data = tree(a="1", b="2", c="3")
    context.upload(data, progress=False)
    tree(b="X", c="longer")
    done = context.upload(data, progress=False)
    assert (done.copied, done.skipped, done.bytes) == (2, 1, 7)
    assert in_bucket(context, "data/b", tmp_path) == b"X"


def test_the_data_root_is_where_it_goes(context: GcpContext, tree: Tree) -> None:
    done = context.upload(tree(a="1") / "a", progress=False)
    assert done.uris == (f"gs://{context.bucket}/data/a",)
    assert context.upload(tree() / "a", context.data_root, progress=False).skipped == 1


def test_the_environment_may_say_where_cloud_storage_is(
    cloud: Cloud, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", cloud.proxy.url)
    context = attrs.evolve(cloud.context, api_endpoints={})
    assert context.upload(tree(a="1"), progress=False).copied == 1
    assert (cloud.folder / "data/a").read_bytes() == b"1"


def test_a_pattern_keeps_names_from_its_first_wildcard(context: GcpContext, tree: Tree) -> None:
    data = tree(a="1", deep__b="2", deep__c="3")
    done = context.upload(f"{data}/d*/[bc]", f"gs://{context.bucket}/x", progress=False)
    assert done.uris == (f"gs://{context.bucket}/x/deep/b", f"gs://{context.bucket}/x/deep/c")


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("x", "x/a.csv"),
        ("x/", "x/a.csv"),
        ("", "a.csv"),
        ("x/b.csv", "x/b.csv"),
        ("x/b.csv/", "x/b.csv/a.csv"),
        ("v1.0", "v1.0/a.csv"),
    ],
)
def test_a_file_goes_to_a_folder_or_to_a_name_with_its_suffix(
    local: GcpContext, tree: Tree, uri: str, name: str
) -> None:
    (tree(a="1") / "a").rename(tree() / "a.csv")
    done = local.upload(tree() / "a.csv", f"gs://local/{uri}", progress=False)
    assert done.uris == (f"gs://local/{name}",)


def test_empty_files_are_files(context: GcpContext, tree: Tree, tmp_path: Path) -> None:
    assert context.upload(tree(a=""), progress=False).copied == 1
    assert in_bucket(context, "data/a", tmp_path) == b""


def test_those_that_cannot_be_copied_are_said_when_the_others_are(
    context: GcpContext, tree: Tree
) -> None:
    data = tree(a="1", z="2")
    (data / "gone").symlink_to(data / "nowhere")
    (data / "loop").symlink_to(data)
    (data / "line\nbreak").write_text("")
    os.mkfifo(data / "pipe")
    Path(os.fsdecode(bytes(data) + b"/\xff")).write_text("")
    with pytest.raises(TransferFailed) as caught:
        context.upload(data, progress=False)
    assert sorted(caught.value.failures) == [
        (f"{data}/gone", "No such file or directory"),
        (
            f"{data}/line\nbreak",
            "no object can have the name 'data/line\\nbreak': it contains a line break or a NUL",
        ),
        (f"{data}/loop", "it is a link to a folder that it is in, a loop"),
        (f"{data}/pipe", "it is no regular file"),
        (
            f"{data}/\udcff",
            "no object can have the name 'data/\\udcff': it is not valid UTF-8",
        ),
    ]
    assert caught.value.transfer.copied == 2
    assert str(caught.value).encode().isascii()


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of a user who may not read everything: root may."""
    with tempfile.TemporaryDirectory() as name:
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(name, 65534, 65534)
            os.seteuid(65534)
        yield Path(name)
        if is_root:
            os.seteuid(0)


def test_what_may_not_be_read_is_said_and_the_others_are_copied(nobody: Path) -> None:
    local, data = GcpContext.local(nobody / "home"), nobody / "data"
    (data / "closed").mkdir(parents=True)
    (data / "open").write_text("1")
    (data / "secret").write_text("2")
    (data / "secret").chmod(0)
    (data / "closed").chmod(0)
    with pytest.raises(TransferFailed) as caught:
        local.upload(data, progress=False)
    (data / "closed").chmod(0o700)
    assert sorted(caught.value.failures) == [
        (f"{data}/closed", "Permission denied"),
        (f"{data}/secret", "Permission denied"),
    ]
    assert caught.value.transfer.uris == ("gs://local/data/open",)


def test_a_path_that_may_not_be_looked_at(nobody: Path) -> None:
    (nobody / "closed").mkdir(mode=0)
    with pytest.raises(SettingError) as caught:
        GcpContext.local(nobody / "home").upload(nobody / "closed" / "x", progress=False)
    assert str(caught.value) == f"upload('{nobody}/closed/x'): Permission denied."


def test_the_home_folder(
    local: GcpContext, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tree(a="1")
    assert local.upload("~/data", progress=False).copied == 1
    local.download("gs://local/data", "~/back", progress=False)
    assert files_in(tmp_path / "back") == {"a": b"1"}


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    cloud: Cloud, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert cloud.upload(tree(a="1")).copied == 1


def test_a_path_that_is_not_there_sends_nothing(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(SettingError):
        cloud.upload(tmp_path / "nothing")
    assert cloud.proxy.asked == []


def test_a_folder_is_looked_for_with_one_list(cloud: Cloud, tree: Tree) -> None:
    data = tree(**{f"f{one}": f"{one}" for one in range(40)})
    cloud.upload(data, "x")
    assert (cloud.requests("GET"), cloud.requests("POST")) == (1, 40)
    cloud.upload(data, "x")
    assert (cloud.requests("GET"), cloud.requests("POST")) == (2, 40)


def test_more_than_a_page_is_listed_to_its_end(cloud: Cloud, tree: Tree) -> None:
    data = tree(a="1", z="2")
    for one in range(1001):
        (cloud.folder / f"f{one}").write_text("")
    cloud.upload(data)
    cloud.proxy.refuse(503, when="pageToken")
    assert cloud.upload(data).skipped == 2


def test_a_bucket_that_is_not_there_says_how_to_make_it(cloud: Cloud, tree: Tree) -> None:
    with pytest.raises(ApiError) as caught:
        cloud.context.upload(tree(a="1"), "gs://acme-other/x", progress=False)
    assert (caught.value.code, caught.value.cause) == (
        404,
        "there is no bucket acme-other; GcpContext.setup() makes the context's own.",
    )
    assert caught.value.fix == create_bucket("acme-other", "acme", "us-central1")


def test_a_missing_permission_is_named(cloud: Cloud, tree: Tree) -> None:
    cloud.proxy.refuse(403, 3, when="uploadType", body=DENIED)
    with pytest.raises(PermissionMissing) as caught:
        cloud.upload(tree(a="1", b="2", c="3"))
    assert caught.value.permission == "storage.objects.create"
    assert caught.value.fix == (
        "gcloud projects add-iam-policy-binding acme "
        '--member="user:$(gcloud config get account)" --role=roles/storage.objectAdmin '
        "--condition=None"
    )


def test_what_one_file_is_refused_does_not_stop_the_others(cloud: Cloud, tree: Tree) -> None:
    cloud.proxy.refuse(403, when="uploadType", body=DENIED)
    with pytest.raises(TransferFailed) as caught:
        cloud.upload(tree(a="1", b="2", c="3"))
    assert (len(caught.value.failures), caught.value.transfer.copied) == (1, 2)


@pytest.mark.parametrize("code", [429, 500, 503])
def test_it_gets_through_a_burst_of_refusals(cloud: Cloud, tree: Tree, code: int) -> None:
    cloud.proxy.refuse(code, 3, when="fields=items")
    cloud.proxy.refuse(code, 3, when="uploadType")
    data = tree(**{f"f{one}": f"{one}" for one in range(20)})
    cloud.upload(data)
    assert files_in(cloud.folder) == files_in(data)
    assert len(cloud.pauses) == 6


def test_it_gives_up_all_when_the_service_does_not_come_back(cloud: Cloud, tree: Tree) -> None:
    cloud.proxy.refuse(503, 1000, when="uploadType")
    with pytest.raises(ApiError) as caught:
        cloud.upload(tree(**{f"f{one}": f"{one}" for one in range(100)}))
    assert caught.value.code == 503
    assert cloud.requests("POST") < 200  # 4 tries for each would be 400


def test_small_files_get_through_cut_connections(cloud: Cloud, tree: Tree) -> None:
    cloud.proxy.cut("up", 1000, 3000, 3000)
    data = tree(**{f"f{one}": bytes([one]) * 500 for one in range(20)})
    cloud.upload(data)
    assert files_in(cloud.folder) == files_in(data)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv"),
        ("a.csv.gz", "application/gzip"),
        ("a.csv.xz", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_content_type_is_that_of_the_name(
    cloud: Cloud, tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / name).write_text("x")
    cloud.upload(tmp_path / name)
    with cloud.context.apis as apis:
        blob = apis.storage.bucket(cloud.context.bucket).get_blob(name)
    assert (blob.content_type, blob.content_encoding) == (kind, None)


def test_an_endpoint_that_the_environment_names(
    cloud: Cloud, tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = cloud.context.api_endpoints["storage"]
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", url)
    context = attrs.evolve(cloud.context, api_endpoints={})
    context.upload(tree(a="1"), progress=False)
    assert files_in(cloud.folder) == {"data/a": b"1"}
