"""Credentials in plain data are found, and never told."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow.runs.leaks import Leak, find, is_name_of_secret, kind_of

# Put together here, so that nobody who searches for leaked keys finds these.
KEY = "-----BEGIN " + "PRIVATE KEY-----\nMIIE"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (KEY, "a private key"),
        ("-----BEGIN " + "RSA PRIVATE KEY-----", "a private key"),
        ('{"type": "service_account", "private_' + 'key": "x"}', "the key of a service account"),
        ("key=AI" + "za" + "x" * 35, "a Google API key"),
        ("ya" + "29." + "x" * 30, "a Google access token"),
        ("gh" + "p_" + "a" * 36, "a GitHub token"),
        ("AK" + "IA" + "A" * 16, "an AWS access key"),
        ("hf" + "_" + "a" * 34, "a Hugging Face token"),
        ("xox" + "b-1234567890-abc", "a Slack token"),
        ("GOC" + "SPX-" + "a" * 24, "a Google OAuth client secret"),
        ("-----BEGIN CERTIFICATE-----", None),
        ("gs://bucket/ghp_file", None),
        ("", None),
    ],
)
def test_kinds(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "apiKey", "API_KEY", "HF_TOKEN", "clientSecret", "aws-secret-key"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_name_of_secret(name)


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "TOKENIZER", "password_file", "SECRET_NAME", "token_length", "KEY", "a", ""],
)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_name_of_secret(name)


def found(value: Any) -> list[str]:
    return [one.place for one in find(value)]


def test_a_leak_says_where_and_what_and_not_the_secret() -> None:
    leaks = list(find({"a": [{"b": KEY}]}))
    assert leaks == [Leak("a[0].b", "a private key")]
    assert "MIIE" not in repr(leaks)


def test_an_environment_with_a_literal_value() -> None:
    env = [{"name": "MODE", "value": "x"}, {"name": "DB_PASSWORD", "value": "hunter2"}]
    assert list(find({"env": env})) == [Leak("env[1].value", "a secret, the value of DB_PASSWORD")]


def test_a_constant_of_a_pipeline() -> None:
    assert found({"api_key": {"runtimeValue": {"constant": "abc"}}}) == [
        "api_key.runtimeValue.constant"
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"api_key": {"parameterType": "STRING"}},
        {"api_key": {"componentInputParameter": "x"}},
        {"api_key": {"defaultValue": ""}},
        {"token": "{{$.inputs.parameters['x']}}"},
        {"password": "projects/p/secrets/db/versions/latest"},
        {"password": "/secrets/password"},
        {"token": "gs://bucket/token"},
        {"token": 3, "secret": True, "password": None},
        {"token": "12.5", "secret": "false"},
        {"password": {"$value": "password"}},
    ],
)
def test_what_only_says_where_a_secret_is(value: Any) -> None:
    assert found(value) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-----BEGIN PGP " + "PRIVATE KEY BLOCK-----", "a private key"),
        ('{\\"private_' + 'key\\": \\"x\\"}', "the key of a service account"),
        ("sk-" + "proj-" + "a" * 40, "an OpenAI or Anthropic key"),
        ("sk-" + "ant-api03-" + "a" * 40, "an OpenAI or Anthropic key"),
        ("gl" + "pat-" + "a" * 20, "a GitLab token"),
        ("py" + "pi-AgEI" + "a" * 40, "a PyPI token"),
        ("sk" + "_live_" + "a" * 24, "a Stripe key"),
        ("ey" + "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + "a" * 43, "a signed token"),
        ("postgresql://ann:hunter2@db/x", "a password in a URL"),
        ("https://ann@db/x", None),
        ("https://db:8080/a@b", None),
        ("postgresql://ann:${PASSWORD}@db/x", None),
        ("sk-learn-contrib", None),
    ],
)
def test_further_kinds(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    "name",
    ["eos_token", "padToken", "end_of_text_token", "token_column", "api_key_env", "token_ids"],
)
def test_words_of_tokenizers_and_tables_are_no_secrets(name: str) -> None:
    assert not is_name_of_secret(name)


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (["--epochs=3", "--db-password=hunter2"], ["args[1]"]),
        (["--api-key", "abcdef", "--epochs", "3"], ["args[1]"]),
        (["sh", "-c", "export DB_PASSWORD=hunter2; python task.py"], ["args[2]"]),
        (["--token-limit=x", "--password-file", "pw.txt", "--tokenizer=bert"], []),
        (["--password=/secrets/db", "--password=$DB", "--token={{$.inputs}}"], []),
        (["--password"], []),
    ],
)
def test_arguments(arguments: list[str], places: list[str]) -> None:
    assert found({"args": arguments}) == places
