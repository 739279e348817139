import asyncio
import json

import pytest
from starlette.requests import Request

from vertex_flow.serving.handler import JsonHandler, parse_json


class Doubler:
    """A predictor that doubles, and fails on demand."""

    def load(self, artifacts_uri):
        self.folder = artifacts_uri

    def preprocess(self, body):
        if body == "bad":
            raise ValueError("instance 0 is bad.")
        return body

    def predict(self, value):
        if value == "broken":
            raise KeyError("weights")
        return float("nan") if value == "nan" else value * 2

    def postprocess(self, value):
        return {"predictions": value}


def post(handler, body):
    async def receive():
        return {"type": "http.request", "body": body}

    response = asyncio.run(handler.handle(Request({"type": "http", "headers": []}, receive)))
    return response.status_code, json.loads(response.body)


@pytest.fixture(scope="module")
def handler():
    return JsonHandler("/model", Doubler)


def test_predictions_come_as_json(handler):
    assert post(handler, b"2") == (200, {"predictions": 4})


def test_a_value_error_is_about_the_input(handler):
    assert post(handler, b'"bad"') == (400, {"error": "instance 0 is bad."})


def test_another_error_is_the_servers(handler, caplog):
    answer = post(handler, b'"broken"')

    assert answer == (500, {"error": "the prediction failed: KeyError: 'weights'"})


def test_a_prediction_that_is_no_number_is_an_error(handler):
    text = "the model predicted NaN or infinity, which JSON cannot hold."

    assert (500, {"error": text}) == post(handler, b'"nan"')


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "the body is not JSON: Expecting property name"),
        (b'"\xff"', "the body is not JSON: it is no UTF-8 text."),
        (b"[NaN]", "the body holds NaN, which is not JSON: send finite numbers."),
        (b"[" * 100_000, "the body is not usable JSON: it is nested too deep."),
    ],
)
def test_a_body_that_is_not_json_is_refused(body, text):
    with pytest.raises(ValueError, match="the body") as caught:
        parse_json(body)

    assert str(caught.value).startswith(text)
