"""Endpoints, and trying one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.ui.told import BASE, ENDPOINT, HOSTILE, ToldSite, facts, visitor
from vertex_flow.errors import ApiError
from vertex_flow.report.facts import RunFacts

ASK = "/console/endpoints/9/predict"
IMAGE = [0] * 784
WRONG = ApiError(400, "INVALID_ARGUMENT", "a wrong shape")


class Known(ToldSite):
    """A place in which it is known what run has made a model."""

    def maker(self, model: str, version: str) -> RunFacts | None:
        return self.told


@pytest.fixture
def site() -> Known:
    return Known(facts("digits"))


def ask(site: ToldSite, body: Any, **settings: Any) -> httpx.Response:
    content = body if isinstance(body, str) else json.dumps(body)
    return visitor(site).post(ASK, content=content, headers={"origin": BASE}, **settings)


def page(site: ToldSite, path: str = "") -> str:
    return visitor(site).get(f"/console/endpoints{path}").text


def test_endpoints_are_listed_with_traffic_and_requests(site: Known) -> None:
    said = page(site)
    assert "digits, version 1 (100 %)" in said
    assert '<td class="right">5</td>' in said


def test_without_endpoints_it_says_what_makes_one() -> None:
    class Empty(Known):
        def endpoints(self) -> tuple[()]:
            return ()

    assert "Nothing is served." in page(Empty(facts()))


def test_an_endpoint_has_requests_and_failures_of_each_model(site: Known) -> None:
    said = page(site, "/9")
    assert '<td class="right">5</td>' in said
    assert '<td class="right">2</td>' in said


def test_in_the_cloud_it_says_where_the_counts_are(site: Known) -> None:
    site.told_counts = None
    assert "aiplatform.googleapis.com/prediction/online/prediction_count" in page(site, "/9")


def test_images_can_be_drawn(site: Known) -> None:
    assert 'data-height="28" data-width="28"' in page(site, "/9")


def test_for_other_models_there_is_a_box_alone() -> None:
    said = page(Known(facts(stages=())), "/9")
    assert '<canvas id="pad"' not in said
    assert '<textarea id="instances"' in said


def test_damaged_data_are_said_and_take_no_page_down(tmp_path: Path) -> None:
    data = tmp_path / "test_data.npz"
    np.savez(data, x=[[1.5]])
    data.write_bytes(data.read_bytes().replace(np.float64(1.5).tobytes(), b"damaged!"))
    site = Known(facts("digits", uri=str(data)), home=tmp_path / "home")
    answer = visitor(site).get("/console/endpoints/9")
    assert answer.status_code == 200
    assert f"{data} cannot be read, so this is no row of it: BadZipFile" in answer.text


def test_an_endpoint_that_is_not_there(site: Known) -> None:
    answer = visitor(site).get("/console/endpoints/8")
    assert answer.status_code == 400
    assert "there is no endpoint &#39;8&#39;." in answer.text


def test_hostile_text_is_text() -> None:
    site = Known(facts(HOSTILE))
    said = page(site) + page(site, "/9")
    assert "<script>alert" not in said
    assert "<img src=x" not in said


def test_an_image_gets_shares_of_the_classes(site: Known) -> None:
    site.told_vertex.answers = [[[0.25, 0.75]]]
    said = ask(site, {"pixels": IMAGE}).json()
    assert said.pop("milliseconds") >= 0
    assert said == {
        "predictions": [[0.25, 0.75]],
        "shares": [["0", 0.25], ["1", 0.75]],
        "scored": True,
        "version": "1",
        "deployed": "11",
    }


def test_the_form_of_an_image_is_found_once(site: Known) -> None:
    site.told_vertex.answers = [WRONG, [7], [7]]
    assert [ask(site, {"pixels": IMAGE}).status_code for _ in range(2)] == [200, 200]
    assert [len(one[0]) for one in site.told_vertex.asked] == [28, 784, 784]


def test_a_form_that_no_longer_fits_is_looked_for_anew(site: Known) -> None:
    site.forms[ENDPOINT] = 1
    site.told_vertex.answers = [WRONG, [7]]
    assert ask(site, {"pixels": IMAGE}).json() == {"error": "a wrong shape"}
    assert ask(site, {"pixels": IMAGE}).status_code == 200


def test_an_image_that_no_form_fits(site: Known) -> None:
    site.told_vertex.answers = [WRONG, WRONG, WRONG]
    answer = ask(site, {"pixels": IMAGE})
    assert (answer.status_code, answer.json()) == (400, {"error": "a wrong shape"})


def test_a_server_that_is_away_is_not_tried_with_another_form(site: Known) -> None:
    site.told_vertex.answers = [ApiError(503, "UNAVAILABLE", "away")]
    answer = ask(site, {"pixels": IMAGE})
    assert (answer.status_code, answer.json()) == (503, {"error": "away"})


def test_rows_go_as_they_are(site: Known) -> None:
    site.told_vertex.answers = [["text"]]
    said = ask(site, {"instances": [[1, 2]]}).json()
    assert (said["predictions"], said["shares"]) == (["text"], None)
    assert site.told_vertex.asked == [[[1, 2]]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "This is no request: "),
        ("[]", "This is no request: expected an object."),
        ({}, "The instances are a JSON list with one item an instance."),
        ({"instances": 1}, "The instances are a JSON list with one item an instance."),
        ({"instances": [], "parameters": []}, "The parameters are a JSON object."),
        ({"pixels": [1]}, "An image here is 784 numbers from 0 to 255."),
        ({"pixels": 1}, "This endpoint takes no images that can be drawn."),
    ],
)
def test_what_is_no_request(site: Known, body: Any, said: str) -> None:
    answer = ask(site, body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)


def test_pixels_for_a_model_that_takes_none() -> None:
    answer = ask(Known(facts(stages=())), {"pixels": IMAGE})
    assert answer.json() == {"error": "This endpoint takes no images that can be drawn."}
