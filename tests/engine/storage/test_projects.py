from __future__ import annotations

import pytest

from tests.engine.storage.conftest import message


def test_a_project_has_the_same_number_each_time(http):
    first, second = (http.get("/v3/projects/acme").json() for _ in range(2))
    assert first == second
    assert first["projectId"] == "acme"
    assert len(first["name"].removeprefix("projects/")) == 12


def test_a_number_leads_back_to_its_project(http):
    name = http.get("/v3/projects/acme").json()["name"]
    assert http.get(f"/v3/{name}").json()["projectId"] == "acme"


def test_buckets_belong_to_a_number(http, bucket):
    name = http.get("/v3/projects/acme").json()["name"]
    assert f"projects/{bucket.project_number}" == name


def test_an_unknown_number(http):
    text = message(http.get("/v3/projects/123"), 403)
    assert text.startswith("The caller does not have permission on projects/123")


@pytest.mark.parametrize("name", ["a%2Fb", "a%20b", "x" * 65])
def test_what_is_no_project(http, name):
    assert message(http.get(f"/v3/projects/{name}"), 400).startswith("Invalid project id: ")
