"""Which URIs are places in Cloud Storage, and which names objects can have."""

from __future__ import annotations

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError
from vertex_flow.gcp.transfer.address import Address, address_of, fixed_folder, name_fault

CLOUD = GcpContext(project="acme", bucket="data")


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("gs://acme-ml/a/b.txt", Address("acme-ml", "a/b.txt")),
        ("gs://acme-ml/a/", Address("acme-ml", "a/")),
        ("gs://acme-ml", Address("acme-ml", "")),
        ("/gcs/acme-ml/a", Address("acme-ml", "a")),
        ("gs://google-data/a", Address("google-data", "a")),
        ("gs://acme-ml/ä 😀", Address("acme-ml", "ä 😀")),
    ],
)
def test_a_uri(uri: str, address: Address) -> None:
    assert address_of(CLOUD, uri, "upload") == address


def test_a_folder_of_this_machines_bucket_is_a_uri_there(local: GcpContext) -> None:
    assert address_of(local, local.data_root, "upload") == Address("local", "data")
    assert address_of(local, f"{local.data_root}/", "upload") == Address("local", "data/")


def test_another_folder_of_this_machine_is_none(local: GcpContext) -> None:
    with pytest.raises(SettingError) as caught:
        address_of(local, "/data", "upload")
    root = f"{local.home}/storage"
    assert str(caught.value) == (
        f"upload(uri='/data'): this path is in no bucket: on this machine they are the folders of "
        f"{root}. Expected {root}/local/FOLDER or gs://local/FOLDER."
    )


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("acme-ml/data", "gs://acme-ml/data"),
        ("gs:/acme-ml/data", "gs://acme-ml/data"),
        ("s3://acme-ml/data", "gs://acme-ml/data"),
        ("/acme-ml/data", "gs://acme-ml/data"),
        ("", "gs://BUCKET/FOLDER"),
    ],
)
def test_what_is_no_uri_says_what_was_meant(uri: str, meant: str) -> None:
    with pytest.raises(SettingError) as caught:
        address_of(CLOUD, uri, "upload")
    assert str(caught.value) == (
        f"upload(uri={uri!r}): expected gs://BUCKET/FOLDER. Did you mean {meant!r}?"
    )


def test_a_bucket_that_cannot_be() -> None:
    with pytest.raises(SettingError) as caught:
        address_of(CLOUD, "gs://Acme/data", "download")
    assert str(caught.value) == (
        "download(uri='gs://Acme/data'): 'Acme' is no name of a bucket, which has 3 to 63 "
        "lower-case letters, digits, '-', '_' and '.', with a letter or a digit first and last."
    )


def test_a_folder_that_cannot_be() -> None:
    with pytest.raises(SettingError) as caught:
        address_of(CLOUD, "gs://acme/../other", "upload")
    assert str(caught.value) == (
        "upload(uri='gs://acme/../other'): no object can have this name: a part of it is '.' "
        "or '..'."
    )


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a/b", None),
        ("é" * 512, None),
        ("é" * 513, "it has 1,026 bytes, of 1,024 that a name may have"),
        ("a\nb", "it contains a line break or a NUL"),
        ("a\rb", "it contains a line break or a NUL"),
        ("..", "a part of it is '.' or '..'"),
        ("a\udcff", "it is not valid UTF-8"),
        (
            ".well-known/acme-challenge/x",
            "names that begin with .well-known/acme-challenge/ are reserved",
        ),
    ],
)
def test_names_that_cloud_storage_refuses(name: str, fault: str | None) -> None:
    assert name_fault(name) == fault


@pytest.mark.parametrize(
    ("pattern", "folder"), [("a/b*.csv", "a/"), ("*.csv", ""), ("a/**/b", "a/"), ("a/b/c", "a/b/")]
)
def test_the_folder_that_a_pattern_begins_in(pattern: str, folder: str) -> None:
    assert fixed_folder(pattern) == folder
