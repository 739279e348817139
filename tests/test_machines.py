"""Machine types and accelerators: which go together, and where."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import aiplatform_v1

from vertex_flow.locations import LOCATIONS
from vertex_flow.machines import (
    _REGIONS,
    ACCELERATORS,
    PIPELINE_TASK,
    Machine,
    MachineNeed,
    compatibility,
    machine,
    machine_types,
)


def fault(
    machine_type: str,
    accelerator: str = "",
    count: int = 0,
    *,
    purpose: str = "training",
    location: str = "us-central1",
    **more: Any,
) -> str | None:
    need = MachineNeed(
        stage="train",
        purpose=purpose,
        machine_type=machine_type,
        accelerator_type=accelerator,
        accelerator_count=count,
        **more,
    )
    return compatibility(need, location)


@pytest.mark.parametrize(
    ("name", "vcpus", "memory"),
    [
        ("n1-standard-4", 4, 15),
        ("n1-highmem-2", 2, 13),
        ("n1-highcpu-16", 16, 14.4),
        ("e2-standard-4", 4, 16),
        ("n2-highmem-128", 128, 864),
        ("n2d-highcpu-224", 224, 224),
        ("c2-standard-60", 60, 240),
        ("c3-highcpu-176", 176, 352),
        ("m1-megamem-96", 96, 1433.6),
    ],
)
def test_the_size_of_a_machine(name: str, vcpus: int, memory: float) -> None:
    assert machine(name) == Machine(vcpus=vcpus, memory_gb=memory)


def test_a_machine_that_comes_with_accelerators() -> None:
    assert machine("a2-highgpu-4g") == Machine(
        vcpus=48, memory_gb=340, accelerator_type="NVIDIA_TESLA_A100", accelerator_count=4
    )


@pytest.mark.parametrize("name", ["", "n1", "n1-standard-5", "n1-standard-04", "n1-standard-", "é"])
def test_a_machine_that_the_tables_do_not_have(name: str) -> None:
    assert machine(name) is None


def test_every_machine_in_the_tables_is_one() -> None:
    assert [name for name in machine_types() if machine(name) is None] == []


def test_the_accelerators_are_those_of_the_api() -> None:
    names = {one.name for one in aiplatform_v1.AcceleratorType}
    gone = {"ACCELERATOR_TYPE_UNSPECIFIED", "NVIDIA_TESLA_K80"}
    assert set(ACCELERATORS) == names - gone


def test_the_regions_are_vertex_ais() -> None:
    assert {region for regions in _REGIONS.values() for region in regions} <= {*LOCATIONS}


@pytest.mark.parametrize(
    "asked",
    [
        ("n1-standard-4",),
        ("n1-standard-8", "NVIDIA_TESLA_T4", 2),
        ("n1-standard-96", "NVIDIA_TESLA_V100", 8),
        ("a2-ultragpu-2g", "NVIDIA_A100_80GB", 2),
        ("g2-standard-24", "NVIDIA_L4", 2),
        ("e2-standard-4",),
        ("c9-standard-8",),  # a family that is newer than the tables
        ("g4-standard-48", "NVIDIA_RTX_PRO_6000", 1),
        ("cloud-tpu", "TPU_V3", 8),
        ("ct5lp-hightpu-4t",),
        ("",),  # a port
    ],
    ids=str,
)
def test_what_goes_together(asked: Any) -> None:
    assert fault(*asked) is None


def test_what_a_task_of_a_pipeline_runs_on_is_a_machine() -> None:
    assert machine(PIPELINE_TASK) is not None


@pytest.mark.parametrize("machine_type", machine_types())
def test_machines_that_come_with_accelerators_take_them(machine_type: str) -> None:
    found = machine(machine_type)
    assert found is not None
    if found.accelerator_count:
        assert fault(machine_type, found.accelerator_type, found.accelerator_count) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("n1-standrd-4", " Did you mean 'n1-standard-4'?"),
        ("n1-standard-5", " Did you mean 'n1-standard-8'?"),
        ("N1-STANDARD-4", ""),
        ("n1-custom-4-8192", ""),
        ("large", ""),
        ("n1 standard 4", " Did you mean 'n1-standard-4'?"),
        ("☃", ""),
    ],
)
def test_a_name_that_is_no_machine_type(name: str, hint: str) -> None:
    assert fault(name) == (
        f"stage 'train': {name!r} is no machine type of Vertex AI; expected one such as "
        f"'n1-standard-4'.{hint}"
    )


def test_a_machine_that_is_too_small_for_training() -> None:
    assert fault("n1-standard-2") == (
        "stage 'train': 'n1-standard-2' does not run training jobs on Vertex AI; the smallest of "
        "its kind that does is 'n1-standard-4'."
    )
    assert fault("n1-standard-2", purpose="serving") is None


def test_a_machine_that_is_too_large_for_serving() -> None:
    assert fault("n1-standard-64", purpose="serving") == (
        "stage 'train': 'n1-standard-64' does not serve behind an endpoint on Vertex AI; the "
        "largest of its kind that does is 'n1-standard-32'."
    )
    assert fault("n1-standard-64") is None


def test_an_accelerator_that_is_none() -> None:
    assert fault("n1-standard-8", "NVIDIA_TESLA_T5", 1) == (
        "stage 'train': 'NVIDIA_TESLA_T5' is no accelerator of Vertex AI; expected one such as "
        "'NVIDIA_TESLA_T4'. Did you mean 'NVIDIA_TESLA_T4'?"
    )


def test_an_accelerator_that_is_gone() -> None:
    assert fault("n1-standard-8", "NVIDIA_TESLA_K80", 1) == (
        "stage 'train': Google has taken NVIDIA_TESLA_K80 out of service; 'NVIDIA_TESLA_T4' "
        "replaces it."
    )


def test_half_an_accelerator() -> None:
    assert fault("n1-standard-8", "NVIDIA_TESLA_T4") == (
        "stage 'train': accelerator_type='NVIDIA_TESLA_T4' and accelerator_count=0: it takes "
        "both, the type and how many there are a machine, or neither."
    )


def test_an_accelerator_that_only_the_pipeline_knows() -> None:
    assert fault("n1-standard-8", "", 1, unknown=("accelerator_type",)) is None


@pytest.mark.parametrize(
    ("machine_type", "accelerator", "count", "counts"),
    [
        ("n1-standard-4", "NVIDIA_TESLA_T4", 3, "1, 2 or 4"),
        ("n1-standard-96", "NVIDIA_TESLA_T4", 1, "4"),
        ("n1-standard-16", "NVIDIA_TESLA_V100", 1, "2, 4 or 8"),
        ("n1-standard-32", "NVIDIA_TESLA_P100", 1, "2 or 4"),
    ],
)
def test_how_many_accelerators_an_n1_machine_takes(
    machine_type: str, accelerator: str, count: int, counts: str
) -> None:
    assert fault(machine_type, accelerator, count) == (
        f"stage 'train': '{machine_type}' takes {counts} {accelerator}, not {count}."
    )


def test_an_accelerator_on_a_family_without() -> None:
    assert fault("e2-standard-8", "NVIDIA_TESLA_T4", 1) == (
        "stage 'train': 'e2-standard-8' takes no NVIDIA_TESLA_T4; 'n1' machines take it, such as "
        "'n1-standard-8'."
    )


def test_an_accelerator_that_comes_with_its_machines() -> None:
    assert fault("n1-standard-8", "NVIDIA_TESLA_A100", 1) == (
        "stage 'train': 'n1-standard-8' takes no NVIDIA_TESLA_A100; these come with it: "
        "a2-highgpu-1g, a2-highgpu-2g, a2-highgpu-4g, a2-highgpu-8g, a2-megagpu-16g."
    )


def test_a_tpu_on_another_machine() -> None:
    assert fault("n1-standard-8", "TPU_V3", 8) == (
        "stage 'train': 'n1-standard-8' takes no TPU_V3; it has machine types of its own."
    )


@pytest.mark.parametrize(
    ("accelerator", "count", "asked"), [("", 0, "none"), ("NVIDIA_L4", 1, "1 NVIDIA_L4")]
)
def test_a_machine_that_lacks_its_accelerators(accelerator: str, count: int, asked: str) -> None:
    assert fault("a2-highgpu-2g", accelerator, count) == (
        f"stage 'train': 'a2-highgpu-2g' comes with 2 NVIDIA_TESLA_A100, and {asked} was asked "
        "for: set accelerator_type='NVIDIA_TESLA_A100', accelerator_count=2."
    )


def test_replicas_of_a_model_share_a_machine() -> None:
    asked = ("a2-highgpu-4g", "NVIDIA_TESLA_A100", 1)
    assert fault(*asked, purpose="serving") is None
    assert fault(*asked) is not None


@pytest.mark.parametrize(
    ("location", "near"),
    [
        ("europe-west1", "europe-west4"),
        ("us-west4", "us-central1, us-east1, us-west1"),
        ("me-central1", "asia-east1, europe-west4, us-central1, us-east1, us-west1"),
    ],
)
def test_an_accelerator_that_is_not_in_the_location(location: str, near: str) -> None:
    asked = ("n1-standard-8", "NVIDIA_TESLA_V100", 1)
    assert fault(*asked, location="europe-west4") is None
    assert fault(*asked, location=location) == (
        f"stage 'train': there is no NVIDIA_TESLA_V100 in {location}; there is in {near}."
    )


def test_an_accelerator_that_is_still_being_rolled_out() -> None:
    assert fault("g2-standard-8", "NVIDIA_L4", 1, location="me-central1") is None


def test_a_need_in_words() -> None:
    need = MachineNeed(
        stage="s",
        purpose="training",
        machine_type="n1-standard-8",
        accelerator_type="NVIDIA_TESLA_T4",
        accelerator_count=2,
    )
    assert need.machine == "n1-standard-8 + 2 NVIDIA_TESLA_T4"
