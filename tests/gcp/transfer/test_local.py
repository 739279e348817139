"""Buckets of this machine, with and without an engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from tests.gcp.transfer.conftest import files_in
from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import ApiError
from vertex_flow.names import storage_host

Tree = Callable[..., Path]


def test_an_object_is_a_file_of_the_bucket(local: GcpContext, tree: Tree) -> None:
    local.upload(tree(a="1", deep__b="2"), progress=False)
    assert files_in(Path(local.data_root)) == {"a": b"1", "deep/b": b"2"}


def test_a_bucket_of_another_name_is_made(local: GcpContext, tree: Tree, tmp_path: Path) -> None:
    local.upload(tree(a="1"), "gs://acme-ml/x", progress=False)
    assert (tmp_path / "home" / "storage" / "acme-ml" / "x" / "a").read_bytes() == b"1"


def test_no_draft_is_left(local: GcpContext, tree: Tree, tmp_path: Path) -> None:
    local.upload(tree(a="1"), progress=False)
    assert list((tmp_path / "home" / "storage" / ".drafts").iterdir()) == []


def test_an_object_where_a_folder_is_needed(local: GcpContext, tree: Tree) -> None:
    local.upload(tree(a="1") / "a", "gs://local/", progress=False)
    with pytest.raises(ApiError) as caught:
        local.upload(tree(b="2", c="3"), "gs://local/a", progress=False)
    assert "gs://local/a is an object itself" in str(caught.value)


def test_an_engine_that_is_up_has_what_was_copied_and_the_other_way_round(
    engine: EmbeddedEngine, tree: Tree, tmp_path: Path
) -> None:
    context = GcpContext.local(engine.home)
    context.upload(tree(a="1"), "gs://shared/x", progress=False)
    options = {"api_endpoint": storage_host(engine.endpoint, engine.token)}
    with storage.Client("acme", AnonymousCredentials(), client_options=options) as client:
        bucket = client.bucket("shared")
        assert bucket.blob("x/a").download_as_bytes() == b"1"
        bucket.blob("x/b").upload_from_string("2")
    context.download("gs://shared/x", tmp_path / "here", progress=False)
    assert files_in(tmp_path / "here") == {"a": b"1", "b": b"2"}


def test_it_needs_no_network_and_no_engine(
    local: GcpContext, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    local.upload(tree(a="1"), progress=False)
    local.download("gs://local/data", tmp_path / "here", progress=False)
    assert files_in(tmp_path / "here") == {"a": b"1"}
