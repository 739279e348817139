from __future__ import annotations

import httpx
import pytest

from tests.engine.storage.conftest import message
from vertex_flow.names import storage_host


@pytest.fixture
def anybody(engine) -> httpx.Client:
    """A caller without the token."""
    with httpx.Client(base_url=engine.endpoint) as anybody:
        yield anybody


def test_without_the_token(anybody):
    assert "no valid token" in message(anybody.get("/storage/v1/b?project=acme"), 401)


def test_the_secret_in_the_url_opens_the_storage(anybody, engine):
    url = storage_host(engine.endpoint, engine.token)
    assert anybody.get(f"{url}/storage/v1/b?project=acme").status_code == 200


def test_the_secret_opens_nothing_but_the_storage(anybody, engine):
    url = storage_host(engine.endpoint, engine.token)
    answer = anybody.get(f"{url}/v1/projects/acme/locations/us-central1/models")
    assert "Cloud Storage has no GET /v1/projects" in message(answer, 404)


def test_the_secret_is_not_the_token(engine):
    assert engine.token not in storage_host(engine.endpoint, engine.token)


@pytest.mark.parametrize("secret", ["wrong", "", "%00", "ü"])
def test_another_secret(anybody, secret):
    answer = anybody.get(f"/-/{secret}/storage/v1/b?project=acme")
    assert "not that of the engine's storage" in message(answer, 401)


def test_a_web_page(anybody, engine):
    url = storage_host(engine.endpoint, engine.token)
    headers = {"origin": "http://evil.test"}
    answer = anybody.get(f"{url}/storage/v1/b?project=acme", headers=headers)
    assert "comes from a web page" in message(answer, 403)


def test_a_foreign_host(anybody, engine):
    url = storage_host(engine.endpoint, engine.token)
    answer = anybody.get(f"{url}/storage/v1/b?project=acme", headers={"host": "evil.test"})
    assert "The Host header is 'evil.test'" in message(answer, 403)


def test_links_lead_back_the_way_that_the_caller_came(anybody, engine, bucket):
    bucket.blob("a").upload_from_string("x")
    url = storage_host(engine.endpoint, engine.token)
    found = anybody.get(f"{url}/storage/v1/b/{bucket.name}/o/a").json()
    assert anybody.get(found["mediaLink"]).text == "x"


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ("GET b/x/acl", 501, "It serves buckets, their IAM policies, and objects"),
        ("POST b/{bucket}", 404, "answers GET, PATCH, PUT, DELETE, not POST"),
        ("GET b?prfix=a", 400, "Unknown query parameter 'prfix'. Did you mean 'prefix'?"),
        ("GET b/{bucket}/o?softDeleted=true", 501, "'softDeleted' asks for what"),
        ("GET b/{bucket}/o?fields=items(", 400, "Invalid field selection 'items('"),
        ("GET b/{bucket}/o?maxResults=few", 400, "Invalid value for maxResults: 'few' is no"),
        ("GET b/{bucket}/o?pageToken=%FF", 400, "Invalid value for pageToken"),
    ],
)
def test_what_is_not_served(http, bucket, call, code, text):
    verb, _, path = call.replace("{bucket}", bucket.name).partition(" ")
    answer = http.request(verb, f"/storage/v1/{path}")
    assert text in message(answer, code)


def test_a_body_that_is_no_json(http):
    answer = http.post("/storage/v1/b?project=acme", content=b"{" * 100_000)
    assert message(answer, 400).startswith("Invalid JSON payload received.")


def test_a_long_body_that_is_no_upload(http):
    answer = http.post("/storage/v1/b?project=acme", content=b" " * (33 * 1024 * 1024))
    assert "Request payload size exceeds the limit" in message(answer, 400)


def test_a_key_of_ones_own(http, bucket):
    headers = {"x-goog-encryption-key": "abc"}
    answer = http.get(f"/storage/v1/b/{bucket.name}/o", headers=headers)
    assert "Encryption keys of one's own are not supported" in message(answer, 501)
