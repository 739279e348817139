from __future__ import annotations

import json

import pytest
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.batch_predictions import instances
from vertex_flow.engine.batch_predictions.instances import Shape, check_instance_config
from vertex_flow.errors import ApiError

ROW = {"id": 7, "x": 1, "y": "a"}


def config(**fields: object) -> types.BatchPredictionJob.InstanceConfig:
    return types.BatchPredictionJob.InstanceConfig(**fields)


def made(value: object, **fields: object) -> tuple[object, dict[str, object]]:
    """Give what the model gets, and what the output shows."""
    instance = Shape(config(**fields)).of_value(value)
    return json.loads(instance.sent), json.loads(f"{{{instance.shown}}}")


@pytest.mark.parametrize(
    ("fields", "sent", "shown"),
    [
        ({}, ROW, {"instance": ROW}),
        ({"instance_type": "object"}, ROW, {"instance": ROW}),
        ({"key_field": "id"}, {"x": 1, "y": "a"}, {"key": 7}),
        ({"excluded_fields": ["id"]}, {"x": 1, "y": "a"}, {"instance": ROW}),
        ({"included_fields": ["y", "x"]}, {"y": "a", "x": 1}, {"instance": {"y": "a", "x": 1}}),
        (
            {"included_fields": ["y", "x"], "instance_type": "array"},
            ["a", 1],
            {"instance": ["a", 1]},
        ),
        ({"key_field": "id", "excluded_fields": ["x"]}, {"y": "a"}, {"key": 7}),
        (
            {"key_field": "id", "included_fields": ["x"], "instance_type": "array"},
            [1],
            {"key": 7},
        ),
    ],
)
def test_fields_of_an_object(fields, sent, shown):
    assert made(ROW, **fields) == (sent, shown)


def test_an_array_is_one_already():
    assert made([1, 2], instance_type="array") == ([1, 2], {"instance": [1, 2]})


@pytest.mark.parametrize(
    ("value", "fields", "text"),
    [
        (
            [1],
            {"key_field": "id"},
            "the line holds an array, and instance_config needs objects, which have fields.",
        ),
        (None, {"instance_type": "object"}, "the line holds null, and instance_config needs"),
        (True, {"instance_type": "object"}, "the line holds a boolean, and"),
        (1, {"instance_type": "array"}, "the line holds a number, and"),
        (
            ROW,
            {"instance_type": "array"},
            "the line holds an object, whose fields have no order: instance_type 'array' needs "
            "instance_config.included_fields.",
        ),
        (
            ROW,
            {"included_fields": ["xx"]},
            "the row has no field 'xx', which instance_config names. Did you mean 'x'?",
        ),
        (ROW, {"key_field": "key"}, "the row has no field 'key', which instance_config names."),
    ],
)
def test_a_line_that_does_not_fit(value, fields, text):
    with pytest.raises(ApiError) as caught:
        Shape(config(**fields)).of_value(value)
    assert caught.value.message.startswith(text)


@pytest.mark.parametrize(
    ("fields", "sent", "shown"),
    [
        ({}, [7.0, 1.0, "a"], {"instance": [7.0, 1.0, "a"]}),
        ({"instance_type": "array"}, [7.0, 1.0, "a"], {"instance": [7.0, 1.0, "a"]}),
        ({"key_field": "id"}, [1.0, "a"], {"key": 7.0}),
        ({"excluded_fields": ["id"]}, [1.0, "a"], {"instance": [7.0, 1.0, "a"]}),
        ({"included_fields": ["y", "x"]}, ["a", 1.0], {"instance": ["a", 1.0]}),
    ],
)
def test_columns_of_a_row(fields, sent, shown):
    instance = Shape(config(**fields)).of_row(["id", "x", "y"], [7.0, 1.0, "a"])
    assert (json.loads(instance.sent), json.loads(f"{{{instance.shown}}}")) == (sent, shown)


def test_an_instance_that_is_too_large(monkeypatch):
    monkeypatch.setattr(instances, "MOST_BYTES", 10)
    with pytest.raises(ApiError, match=r"the instance has 14 bytes; at most 10 can be sent\."):
        Shape(config()).of_value("abcdefghijkl")


@pytest.mark.parametrize(
    ("fields", "format", "text"),
    [
        (
            {"instance_type": "objet"},
            "jsonl",
            "instance_config.instance_type 'objet' is unknown: it is 'array' or 'object'. Did you "
            "mean 'object'?",
        ),
        (
            {"included_fields": ["a"], "excluded_fields": ["b"]},
            "jsonl",
            "instance_config.included_fields and excluded_fields are both set: only one can be.",
        ),
        (
            {"key_field": "id"},
            "tf-record",
            "instance_config.key_field does not apply to instances_format 'tf-record', whose "
            "instances have no fields.",
        ),
        ({"instance_type": "array"}, "file-list", "instance_config.instance_type does not apply"),
        (
            {"instance_type": "object"},
            "csv",
            "instance_config.instance_type 'object' does not apply to instances_format 'csv', "
            "whose rows are sent as arrays.",
        ),
    ],
)
def test_a_config_that_does_not_fit(fields, format, text):
    with pytest.raises(ApiError) as caught:
        check_instance_config(config(**fields), format)
    assert caught.value.message.startswith(text)
