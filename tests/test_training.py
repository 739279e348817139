"""The trainer: what it refuses, and the worker pool it stands for."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow import Param, Trainer
from vertex_flow.errors import SettingError
from vertex_flow.training import TRAINING_IMAGE


@pytest.mark.parametrize("module", ["trainer/task.py", "", "trainer.", "1st", "a b", None])
def test_a_module_is_a_dotted_name(module: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module=module)
    assert str(caught.value) == (
        f"Trainer(module={module!r}): expected the dotted name of a Python module, as in "
        "`python -m trainer.task`: 'trainer.task', not a path."
    )


def test_an_argument_has_no_dashes() -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", args={"--epochs": 5})
    assert str(caught.value) == ("Trainer(args={'--epochs': ...}): write 'epochs', without dashes.")


@pytest.mark.parametrize("name", ["train_data", "validation_data"])
def test_an_argument_cannot_be_a_data_set(name: str) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", args={name: "x"})
    assert str(caught.value) == (
        f"Trainer(args={{{name!r}: ...}}): --{name} is set from the input of that name. Pass "
        f"the data set as {name}=..., to the stage."
    )


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (
            {1},
            "a set cannot be a flag. Use a str, int, float or bool, a list or dict of these, a "
            "port or a Param.",
        ),
        ({"a": None}, "a pipeline keeps no None inside a dict. Leave the entry out."),
        (float("nan"), "expected a finite number."),
        ([1.0, float("inf")], "expected a finite number."),
        (
            {"a": 2**60},
            "pipelines keep whole numbers up to 2**53 exactly. Write it as a str: "
            "'1152921504606846976'.",
        ),
        ("a\0b", "a command line cannot hold a NUL character."),
        ("\ud800", "a lone surrogate is no character, so the text cannot be sent."),
    ],
)
def test_an_argument_arrives_as_it_is_or_is_refused(value: Any, fault: str) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", args={"flag": value})
    assert str(caught.value) == f"Trainer(args={{'flag': {value!r}}}): {fault}"


def test_an_unknown_strategy_has_its_nearest_name() -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", strategy="spott")
    assert str(caught.value) == (
        "Trainer(strategy='spott'): use one of STANDARD, SPOT, ON_DEMAND, LOW_COST, FLEX_START. "
        "Did you mean 'SPOT'?"
    )


@pytest.mark.parametrize(
    ("setting", "value", "least"),
    [
        ("replicas", 0, 1),
        ("replicas", 1.5, 1),
        ("replicas", True, 1),
        ("accelerator_count", -1, 0),
        ("boot_disk_size_gb", 99, 100),
    ],
)
def test_counts_are_whole_and_large_enough(setting: str, value: Any, least: int) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", **{setting: value})
    assert str(caught.value) == (
        f"Trainer({setting}={value!r}): expected a whole number of at least {least}."
    )


@pytest.mark.parametrize(("kind", "count"), [("NVIDIA_L4", 0), ("", 1)])
def test_half_an_accelerator(kind: str, count: int) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", accelerator_type=kind, accelerator_count=count)
    assert str(caught.value) == (
        f"Trainer(accelerator_type={kind!r}, accelerator_count={count}): give both, the type and "
        "how many there are a replica, or neither."
    )


@pytest.mark.parametrize("setting", ["machine_type", "accelerator_type", "boot_disk_type", "image"])
def test_texts_are_texts(setting: str) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", **{setting: 8})  # type: ignore[arg-type]
    assert str(caught.value) == f"Trainer({setting}=8): expected a str."


def test_arguments_are_a_mapping() -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="a.b", args=["--epochs=5"])  # type: ignore[arg-type]
    assert str(caught.value) == (
        "Trainer(args=['--epochs=5']): expected a mapping of names without dashes to values, "
        "for example {'epochs': 5}."
    )


def test_a_trainer_does_not_change_with_the_dict_it_came_from() -> None:
    args: dict[str, Any] = {"layers": [1, 2]}
    trainer = Trainer(module="a.b", args=args)
    args["layers"].append(3)
    assert trainer.args == {"layers": [1, 2]}


def test_counts_may_be_parameters() -> None:
    replicas = Param("replicas", 2)
    assert Trainer(module="a.b", replicas=replicas).replicas is replicas


def test_the_image_is_a_pipeline_parameter_by_default() -> None:
    assert Trainer(module="a.b").image == TRAINING_IMAGE


def test_a_trainer_stands_for_one_worker_pool() -> None:
    trainer = Trainer(
        module="trainer.task",
        image="eu-docker.pkg.dev/acme/x/trainer:1",
        machine_type="n1-standard-8",
        accelerator_type="NVIDIA_TESLA_T4",
        accelerator_count=1,
        replicas=2,
        boot_disk_type="pd-standard",
        boot_disk_size_gb=200,
    )
    assert trainer.worker_pool_specs() == [
        {
            "machine_spec": {
                "machine_type": "n1-standard-8",
                "accelerator_type": "NVIDIA_TESLA_T4",
                "accelerator_count": 1,
            },
            "replica_count": 2,
            "disk_spec": {"boot_disk_type": "pd-standard", "boot_disk_size_gb": 200},
            "container_spec": {
                "image_uri": "eu-docker.pkg.dev/acme/x/trainer:1",
                "command": ["python", "-m", "trainer.task"],
                "args": [],
            },
        }
    ]


@pytest.mark.parametrize("image", ["", "python:3.11", "gcr.io/a/b@sha256:12", "localhost:5000/x"])
def test_a_base_image_is_a_name(image: str) -> None:
    assert Trainer(module="trainer.task", base_image=image).base_image == image


@pytest.mark.parametrize(
    "image", ["a b", "a\nRUN x", "$BASE", "--pull", "{}", None, 1, Param("base", "x"), "bäse"]
)
def test_anything_else_is_no_base_image(image: Any) -> None:
    with pytest.raises(SettingError) as caught:
        Trainer(module="trainer.task", base_image=image)
    assert str(caught.value) == (
        f"Trainer(base_image={image!r}): expected the name of an image, for example "
        "'tensorflow/tensorflow:2.15.0-gpu'."
    )
