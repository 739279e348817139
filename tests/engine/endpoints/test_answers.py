import json

import httpx
import pytest

from vertex_flow.engine.endpoints.answers import read_request, refusal, with_facts
from vertex_flow.errors import ApiError


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "Invalid JSON payload received: Expecting property name"),
        (b"[1]", "Invalid JSON payload received. Expected an object at the root of the body."),
        (b"", "'instances' is required: a list with one item an instance."),
        (b'{"instances": 1}', "'instances' is required: a list with one item an instance."),
        (
            b'{"instance": [1]}',
            'Invalid JSON payload received. Unknown name "instance": Cannot find field. '
            "Did you mean 'instances'?",
        ),
        (b'{"instances": [NaN]}', "Invalid JSON payload received: NaN is no JSON number."),
        (b"[" * 100_000, "Invalid JSON payload received: it is nested too deep."),
    ],
)
def test_a_request_of_another_form_is_refused(body, text):
    with pytest.raises(ApiError) as caught:
        read_request(body)

    assert caught.value.message.startswith(text)


def test_a_request_is_passed_on_as_it_came():
    body = b'{"instances": [1.50], "parameters": {"a": 1}}'

    assert read_request(body) is body


def test_what_is_not_for_the_server_is_left_out():
    body = b'{"instances": [1], "parameters": null, "labels": {"a": "b"}}'

    assert read_request(body) == b'{"instances":[1]}'


def test_facts_are_added_to_a_trusted_answer():
    answer = with_facts(b'{"predictions":[1]}', {"model": "m"}, trusted=True)

    assert json.loads(answer) == {"predictions": [1], "model": "m"}


def test_facts_are_added_to_another_servers_answer():
    content = b'{"predictions": [1], "metadata": {"a": 1}, "other": 2}'
    answer = with_facts(content, {"model": "m"}, trusted=False)

    assert json.loads(answer) == {"predictions": [1], "metadata": {"a": 1}, "model": "m"}


def test_an_answer_without_predictions_is_an_error():
    with pytest.raises(ApiError) as caught:
        with_facts(b"ok", {}, trusted=False)

    assert caught.value.message == (
        "The model server did not answer with JSON of the form {\"predictions\": [...]}: b'ok'"
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, '{"error": "bad"}', (400, "INVALID_ARGUMENT", "bad")),
        (422, '{"detail": "bad"}', (400, "INVALID_ARGUMENT", "bad")),
        (400, '{"error": {"message": "bad"}}', (400, "INVALID_ARGUMENT", "bad")),
        (503, "busy", (503, "UNAVAILABLE", "busy")),
        (500, "[1]", (500, "INTERNAL", "[1]")),
        (500, "", (500, "INTERNAL", "The model server answered 500 without a reason.")),
    ],
)
def test_a_servers_error_becomes_the_apis(status, body, expected):
    error = refusal(httpx.Response(status, text=body))

    assert (error.code, error.status, error.message) == expected


def test_a_reason_that_cannot_be_written_is_quoted():
    answer = httpx.Response(400, content=b'{"error": "no \\ud800"}')
    assert refusal(answer).message == "no \\ud800"


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff\xfe"])
def test_a_reason_that_is_no_text(content):
    headers = {"content-type": "text/plain; charset=rot13"}
    answer = httpx.Response(400, headers=headers, content=content)
    assert refusal(answer).code == 400
