"""Google's own client of Cloud Storage against an engine, and plain HTTP for the rest."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.names import storage_host


@pytest.fixture(scope="module")
def client(engine: EmbeddedEngine) -> Iterator[storage.Client]:
    """Google's client."""
    options = {"api_endpoint": storage_host(engine.endpoint, engine.token)}
    with storage.Client("acme", AnonymousCredentials(), client_options=options) as client:
        yield client


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    """A new bucket."""
    return client.create_bucket(f"bucket-{secrets.token_hex(4)}")


@pytest.fixture
def folder(bucket: storage.Bucket, engine: EmbeddedEngine) -> Path:
    """Its folder."""
    return engine.home / "storage" / bucket.name


@pytest.fixture(scope="module")
def http(engine: EmbeddedEngine) -> Iterator[httpx.Client]:
    """Plain HTTP with the engine's token."""
    headers = {"authorization": f"Bearer {engine.token}"}
    with httpx.Client(base_url=engine.endpoint, headers=headers, timeout=60) as http:
        yield http


def refusal(code: int, call: object, *args: object, **kwargs: object) -> str:
    """Give the message with which Google's client is refused."""
    with pytest.raises(GoogleAPICallError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code
    return str(caught.value.response.json()["error"]["message"])


def message(response: httpx.Response, code: int) -> str:
    """Give the message of a refusal over plain HTTP, in Cloud Storage's own shape."""
    assert response.status_code == code, response.text
    error = response.json()["error"]
    assert error["code"] == code
    assert error["errors"][0]["message"] == error["message"]
    return str(error["message"])
