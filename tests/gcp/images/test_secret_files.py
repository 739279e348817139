"""Files that may hold secrets."""

from __future__ import annotations

import json

import pytest

from vertex_flow.gcp.images.secret_files import has_secret_name, holds_key

KEY = {"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nx\n"}


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.production",
        "deep/down/.envrc",
        ".ENV",
        "server.pem",
        "Server.PEM",
        "tls.key",
        "store.p12",
        "id_rsa",
        "id_rsa.pub",
        "keys/id_ed25519",
        "application_default_credentials.json",
        ".netrc",
        ".pypirc",
        ".git-credentials",
        ".aws",
        "home/.ssh",
        ".config/gcloud",
        "home/.config/gcloud",
        ".docker",
    ],
)
def test_names_of_secrets(path: str) -> None:
    assert has_secret_name(path)


@pytest.mark.parametrize(
    "path",
    [
        "env",
        "environment.py",
        "task.py",
        "monkey",
        "keys.py",
        "key",
        "config/gcloud",
        "my.config/gcloud",
        ".config",
        "gcloud",
        "pem",
        "docker",
        "rsa.py",
        "",
    ],
)
def test_names_of_other_files(path: str) -> None:
    assert not has_secret_name(path)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(KEY).encode(),
        json.dumps(KEY, indent=2).encode(),
        b"\xef\xbb\xbf\n " + json.dumps(KEY).encode(),
        json.dumps({"type": "authorized_user", "refresh_token": "x"}).encode(),
        b"-----BEGIN PRIVATE KEY-----\n",
        b"-----BEGIN RSA PRIVATE KEY-----\n",
        b"\n-----BEGIN OPENSSH PRIVATE KEY-----\n",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
    ],
)
def test_keys(content: bytes) -> None:
    assert holds_key(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        json.dumps({**KEY, "type": "something"}).encode(),
        json.dumps({"type": "service_account"}).encode(),
        json.dumps([KEY]).encode(),
        b"-----BEGIN CERTIFICATE-----\n",
        b"-----BEGIN PUBLIC KEY-----\n",
        b'"""The text -----BEGIN PRIVATE KEY----- in a program."""\n',
    ],
)
def test_what_is_no_key(content: bytes) -> None:
    assert not holds_key(content)
