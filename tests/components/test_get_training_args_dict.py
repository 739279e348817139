from typing import Any

from kfp.dsl import Dataset

from vertex_flow.components import GetTrainingArgsDictOp

collect: Any = GetTrainingArgsDictOp.python_func


def test_constants_keep_their_types() -> None:
    args = {"epochs": 5, "rate": 0.5, "spot": True, "name": "x", "layers": [1, 2]}
    assert collect(args=args) == args


def test_a_null_argument_is_left_out() -> None:
    assert collect(args={"epochs": 5, "units": None}) == {"epochs": 5}


def test_run_time_values_take_the_place_of_their_markers() -> None:
    found = collect(args={"epochs": {"$value": "e"}}, values="e\u241fint\u241f5")
    assert found == {"epochs": 5}


def test_data_sets_are_passed_on_by_uri() -> None:
    found = collect(
        train_data=Dataset(uri="gs://b/train"), validation_data=Dataset(uri="gs://b/val")
    )
    assert found == {"train_data": "gs://b/train", "validation_data": "gs://b/val"}


def test_without_inputs_there_are_no_arguments() -> None:
    assert collect() == {}
