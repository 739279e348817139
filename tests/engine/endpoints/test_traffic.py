import random

import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.endpoints.records import TrafficTable
from vertex_flow.engine.endpoints.traffic import (
    check_split,
    split_after_deploy,
    split_after_undeploy,
)
from vertex_flow.errors import ApiError


@pytest.mark.parametrize(
    ("split", "text"),
    [
        ({"7": 100}, "traffic_split names '7', which is not deployed here: 1, 2."),
        ({"1": 90}, "traffic_split has to add up to 100; {'1': 90} adds up to 90."),
        ({"1": 120, "2": -20}, "traffic_split gives '1' 120: a share is 0 to 100."),
    ],
)
def test_a_split_that_is_wrong_is_refused(split, text):
    with pytest.raises(ApiError) as caught:
        check_split(split, ["1", "2"])

    assert caught.value.message == text


def test_an_empty_split_is_allowed():
    assert check_split({}, ["1"]) is None


def test_zero_stands_for_the_new_model():
    assert split_after_deploy({"1": 100}, {"0": 20, "1": 80}, "2") == {"2": 20, "1": 80}


def test_no_split_leaves_the_traffic_where_it_was():
    assert split_after_deploy({"1": 100}, {}, "2") == {"1": 100}


def test_a_share_of_nothing_is_dropped():
    assert split_after_deploy({"1": 100}, {"0": 100, "1": 0}, "2") == {"2": 100}


def test_the_last_model_leaves_no_traffic():
    assert split_after_undeploy({"1": 100}, {}, gone="1", left=[]) == {}


def test_a_model_with_traffic_needs_somebody_to_take_it():
    with pytest.raises(ApiError) as caught:
        split_after_undeploy({"1": 40, "2": 60}, {}, gone="1", left=["2"])

    assert caught.value.message == (
        "The DeployedModel 1 still gets 40 % of the traffic: send a traffic_split that gives it "
        "to 2."
    )


def test_the_traffic_goes_where_the_request_says():
    assert split_after_undeploy({"1": 40, "2": 60}, {"2": 100}, gone="1", left=["2"]) == {"2": 100}


def test_a_model_without_traffic_leaves_the_rest_alone():
    assert split_after_undeploy({"2": 100}, {}, gone="1", left=["2"]) == {"2": 100}


def test_requests_are_shared_out_by_the_split():
    few, many = types.DeployedModel(id="1"), types.DeployedModel(id="2")
    table = TrafficTable((few, many), (20, 100), None)
    chance = random.Random(1)

    share = sum(table.choose(chance) is few for _ in range(2000)) / 2000
    assert share == pytest.approx(0.2, abs=0.03)
