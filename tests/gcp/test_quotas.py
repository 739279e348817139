"""Whether the project may have the machines of a flow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.project import FakeProject
from vertex_flow.apis import Apis
from vertex_flow.gcp.doctor import examine
from vertex_flow.gcp.quotas import Quotas, wanted_quotas
from vertex_flow.gcp.requirement import Finding
from vertex_flow.gcp.site import Site
from vertex_flow.machines import MachineNeed

T4S = "custom_model_training_nvidia_t4_gpus"
T4 = MachineNeed(
    stage="train",
    purpose="training",
    machine_type="n1-standard-8",
    accelerator_type="NVIDIA_TESLA_T4",
    accelerator_count=2,
    replicas=3,
)
PAGE = "https://console.cloud.google.com/iam-admin/quotas?project=acme"


@pytest.fixture(autouse=True)
def _enabled(enabled: FakeProject) -> None:
    """Vertex AI is enabled."""


def looked(project: FakeProject, apis: Apis, *needs: MachineNeed) -> dict[str, Finding]:
    return {one.name: one for one in Quotas().look(Site(project.context(), apis, needs))}


def machine(machine_type: str, **fields: Any) -> MachineNeed:
    return MachineNeed(
        **{"stage": "a", "purpose": "training", "machine_type": machine_type, **fields}
    )


def test_machines_of_training_are_counted_by_the_greatest_stage() -> None:
    needs = [T4, machine("n1-standard-16"), machine("e2-standard-4", replicas=2)]
    assert wanted_quotas(needs) == {"custom_model_training_cpus": 24, T4S: 6}


def test_machines_behind_endpoints_are_added_up() -> None:
    needs = [machine("n1-standard-4", purpose="serving", replicas=2)] * 2
    assert wanted_quotas(needs) == {"custom_model_serving_cpus": 16}


@pytest.mark.parametrize(
    ("machine_type", "metric"),
    [
        ("n1-highmem-8", "custom_model_training_cpus"),
        ("n2-standard-8", "custom_model_training_n2_cpus"),
        ("c2d-highcpu-8", "custom_model_training_c2d_cpus"),
        ("g2-standard-8", "custom_model_training_g2_cpus"),
    ],
)
def test_families_have_quotas_of_their_own(machine_type: str, metric: str) -> None:
    assert wanted_quotas([machine(machine_type)]) == {metric: 8}


@pytest.mark.parametrize(
    "machine_type", ["a2-highgpu-1g", "ct5lp-hightpu-1t", "", "größe", "x" * 99]
)
def test_a_type_that_does_not_say_its_processors_has_no_quota_of_them(machine_type: str) -> None:
    assert wanted_quotas([machine(machine_type)]) == {}


@pytest.mark.parametrize(
    ("accelerator", "metric"),
    [
        ("NVIDIA_TESLA_A100", "nvidia_a100_gpus"),
        ("NVIDIA_A100_80GB", "nvidia_a100_80gb_gpus"),
        ("NVIDIA_L4", "nvidia_l4_gpus"),
        ("NVIDIA_H100_80GB", "nvidia_h100_gpus"),
        ("TPU_V3", "tpu_v3"),
        ("TPU_V5_LITEPOD", "tpu_v5e"),
    ],
)
def test_the_quota_of_an_accelerator(accelerator: str, metric: str) -> None:
    need = machine("a2-highgpu-1g", accelerator_type=accelerator, accelerator_count=1)
    assert wanted_quotas([need]) == {f"custom_model_training_{metric}": 1}


def test_a_quota_that_is_enough(project: FakeProject, apis: Apis) -> None:
    project.usage.quotas[T4S] = {"": 0, "us-central1": 6}
    name = f"quota {T4S}"
    assert looked(project, apis, T4)[name] == Finding(name, "ok", "6 of 6")


def test_a_quota_that_is_not(project: FakeProject, apis: Apis) -> None:
    project.usage.quotas[T4S] = {"": 4, "europe-west4": 100}
    name = f"quota {T4S}"
    assert looked(project, apis, T4)[name] == Finding(
        name,
        "missing",
        "6 are needed in us-central1, the quota is 4.",
        f"ask for more at {PAGE}&metric=aiplatform.googleapis.com/{T4S}",
    )


def test_a_quota_without_limit(project: FakeProject, apis: Apis) -> None:
    project.usage.quotas[T4S] = {"": -1}
    assert looked(project, apis, T4)[f"quota {T4S}"].detail == "6 of any number"


def test_a_quota_that_google_does_not_name(project: FakeProject, apis: Apis) -> None:
    name = f"quota {T4S}"
    assert looked(project, apis, T4)[name] == Finding(
        name,
        "unknown",
        f"Google names no quota {T4S} in us-central1; 6 are needed.",
        f"look for it at {PAGE}",
    )


def test_doctor_looks_at_the_machines_of_a_flow(project: FakeProject, apis: Apis) -> None:
    project.usage.quotas = {T4S: {"": 6}, "custom_model_training_cpus": {"": 42}}
    findings = examine(project.context(), apis, [T4]).findings[-3:]
    assert findings == (
        Finding("machine of train", "ok", "n1-standard-8 with 2 NVIDIA_TESLA_T4"),
        Finding("quota custom_model_training_cpus", "ok", "24 of 42"),
        Finding(f"quota {T4S}", "ok", "6 of 6"),
    )


def test_doctor_says_what_does_not_go_together(project: FakeProject, apis: Apis) -> None:
    need = machine("e2-standard-4", accelerator_type="NVIDIA_TESLA_T4", accelerator_count=1)
    found = {one.name: one for one in examine(project.context(), apis, [need]).findings}
    machines = found["machine of a"]
    assert (machines.state, machines.fix) == ("wrong", "change the machine of stage 'a'")
