"""Settings of a context that are of a wrong kind, or would do harm in a URL or a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError

BUCKET = "the name of a bucket: lower-case letters, digits, '-', '_' and '.'"
PORT = "0, for any free port, or a number up to 65535"
TEXT = "a text of one line"


def refusal(**settings: Any) -> str:
    with pytest.raises(SettingError) as caught:
        GcpContext(**settings)
    return str(caught.value)


@pytest.mark.parametrize("value", [5, b"b", Path("b"), True, {"b": 1}, "gs://"], ids=repr)
def test_a_bucket_is_a_name(value: Any) -> None:
    said = "" if value == "gs://" else value
    assert refusal(bucket=value) == f"GcpContext(bucket={said!r}): expected {BUCKET}."


@pytest.mark.parametrize("value", [[], {}, None, 5], ids=repr)
def test_a_location_is_a_text(value: Any) -> None:
    assert refusal(location=value) == (
        f"GcpContext(location={value!r}): Vertex AI is in no such region; expected one such as "
        "'us-central1' or 'europe-west4'."
    )


@pytest.mark.parametrize("value", [True, -1, 65536, "80", None], ids=repr)
def test_a_port_is_a_number(value: Any) -> None:
    assert refusal(port=value) == f"GcpContext(port={value!r}): expected {PORT}."


@pytest.mark.parametrize(
    "name",
    [
        "training_image",
        "serving_image",
        "pipeline_root",
        "jobs_root",
        "data_root",
        "model_root",
        "logs_root",
        "network",
        "encryption_key",
        "tensorboard",
    ],
)
@pytest.mark.parametrize("value", [5, b"x", Path("x"), "a\nb", "\x1b[31mred"], ids=repr)
def test_what_is_written_into_messages_is_a_text_of_one_line(name: str, value: Any) -> None:
    assert refusal(**{name: value}) == f"GcpContext({name}={value!r}): expected {TEXT}."


@pytest.mark.parametrize("value", [None, "team=x", ["team"], 5], ids=repr)
def test_labels_are_keys_and_values(value: Any) -> None:
    assert refusal(labels=value) == (
        f"GcpContext(labels={value!r}): expected labels by name, for example {{'team': 'vision'}}."
    )


def test_a_key_of_a_label_is_a_text() -> None:
    assert refusal(labels={1: "x"}) == (
        "GcpContext(labels={1: 'x'}): keys and values are up to 63 lower-case letters, digits, "
        "'_' and '-'; a key starts with a letter."
    )


@pytest.mark.parametrize("value", [None, "http://127.0.0.1:1", ["x"]], ids=repr)
def test_endpoints_are_urls_by_service(value: Any) -> None:
    assert refusal(api_endpoints=value) == (
        f"GcpContext(api_endpoints={value!r}): expected URLs by service, for example "
        "{'aiplatform': 'http://127.0.0.1:8080'}."
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:80@evil.example",
        "https://127.0.0.1:80@evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:80x",
        "http://127.0.0.1.evil.example:80",
        "https://",
        "https://a b",
        "https://a\n",
        5,
        None,
    ],
    ids=repr,
)
def test_credentials_go_to_no_other_machine_by_a_url_that_looks_like_this_one(url: Any) -> None:
    assert refusal(api_endpoints={"iam": url}) == (
        f"GcpContext(api_endpoints={{'iam': {url!r}}}): expected a URL that starts with https://, "
        "or with http://127.0.0.1: for a server on this machine."
    )


@pytest.mark.parametrize("value", [5, b"home", True, ["home"], "a\0b"], ids=repr)
def test_a_home_is_a_path(value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext.local(value)
    assert str(caught.value) == f"GcpContext(home={value!r}): expected the path of a folder."


def test_a_home_of_nobody() -> None:
    assert refusal(home="~nobody-of-this-name/x").startswith(
        "GcpContext(home='~nobody-of-this-name/x'): "
    )


def test_the_project_of_the_environment_is_checked_before_it_is_part_of_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme; rm -rf ~")
    with pytest.raises(SettingError) as caught:
        GcpContext().project  # noqa: B018 - it is looked for when it is read
    assert str(caught.value) == (
        "the environment variable GOOGLE_CLOUD_PROJECT says 'acme; rm -rf ~': expected "
        "the id of a project, such as 'acme-prod', or its number."
    )


def test_an_explanation_is_no_orders_to_a_terminal() -> None:
    home = GcpContext.local("/tmp/\x1b[31mred")
    assert "\x1b" not in home.explain()
    assert r"\x1b[31mred" in home.explain()
