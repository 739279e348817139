"""Machine types and accelerators: which go together, and where.

The tables say what Google documents:

* machine types and their accelerators for training:
  https://cloud.google.com/vertex-ai/docs/training/configure-compute
* and for serving: https://cloud.google.com/vertex-ai/docs/predictions/configure-compute
* sizes, and how many accelerators an N1 machine takes:
  https://cloud.google.com/compute/docs/general-purpose-machines and
  https://cloud.google.com/compute/docs/gpus
* where the older accelerators are: https://cloud.google.com/compute/docs/gpus/gpu-regions-zones

They grow every month, so only what is known to be wrong is refused: a machine family that is not
here, or a place of an accelerator that is still being rolled out, passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from vertex_flow.errors import nearest

Known = Callable[[Any], Any]
"""Gives the value of a setting as far as it is known before a run; None for a port."""

PIPELINE_TASK = "e2-standard-4"
"""What a task of a pipeline runs on that asks for nothing else, as documented at
https://cloud.google.com/vertex-ai/docs/pipelines/machine-types."""

_TYPE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+|cloud-tpu")

# Family and class → GB a vCPU, and the sizes in vCPUs.
_SIZES: Mapping[str, tuple[float, tuple[int, ...]]] = {
    "n1-standard": (3.75, (1, 2, 4, 8, 16, 32, 64, 96)),
    "n1-highmem": (6.5, (2, 4, 8, 16, 32, 64, 96)),
    "n1-highcpu": (0.9, (2, 4, 8, 16, 32, 64, 96)),
    "e2-standard": (4, (2, 4, 8, 16, 32)),
    "e2-highmem": (8, (2, 4, 8, 16)),
    "e2-highcpu": (1, (2, 4, 8, 16, 32)),
    "n2-standard": (4, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)),
    "n2-highmem": (8, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128)),
    "n2-highcpu": (1, (2, 4, 8, 16, 32, 48, 64, 80, 96)),
    "n2d-standard": (4, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224)),
    "n2d-highmem": (8, (2, 4, 8, 16, 32, 48, 64, 80, 96)),
    "n2d-highcpu": (1, (2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224)),
    "c2-standard": (4, (4, 8, 16, 30, 60)),
    "c2d-standard": (4, (2, 4, 8, 16, 32, 56, 112)),
    "c2d-highmem": (8, (2, 4, 8, 16, 32, 56, 112)),
    "c2d-highcpu": (2, (2, 4, 8, 16, 32, 56, 112)),
    "c3-standard": (4, (4, 8, 22, 44, 88, 176)),
    "c3-highmem": (8, (4, 8, 22, 44, 88, 176)),
    "c3-highcpu": (2, (4, 8, 22, 44, 88, 176)),
}
# Name → vCPUs, GB, accelerator and how many of it; the machine comes with these.
_SPECIAL: Mapping[str, tuple[int, float, str, int]] = {
    "m1-ultramem-40": (40, 961, "", 0),
    "m1-ultramem-80": (80, 1922, "", 0),
    "m1-ultramem-160": (160, 3844, "", 0),
    "m1-megamem-96": (96, 1433.6, "", 0),
    "a2-highgpu-1g": (12, 85, "NVIDIA_TESLA_A100", 1),
    "a2-highgpu-2g": (24, 170, "NVIDIA_TESLA_A100", 2),
    "a2-highgpu-4g": (48, 340, "NVIDIA_TESLA_A100", 4),
    "a2-highgpu-8g": (96, 680, "NVIDIA_TESLA_A100", 8),
    "a2-megagpu-16g": (96, 1360, "NVIDIA_TESLA_A100", 16),
    "a2-ultragpu-1g": (12, 170, "NVIDIA_A100_80GB", 1),
    "a2-ultragpu-2g": (24, 340, "NVIDIA_A100_80GB", 2),
    "a2-ultragpu-4g": (48, 680, "NVIDIA_A100_80GB", 4),
    "a2-ultragpu-8g": (96, 1360, "NVIDIA_A100_80GB", 8),
    "a3-highgpu-1g": (26, 234, "NVIDIA_H100_80GB", 1),
    "a3-highgpu-2g": (52, 468, "NVIDIA_H100_80GB", 2),
    "a3-highgpu-4g": (104, 936, "NVIDIA_H100_80GB", 4),
    "a3-highgpu-8g": (208, 1872, "NVIDIA_H100_80GB", 8),
    "a3-edgegpu-8g": (208, 1872, "NVIDIA_H100_80GB", 8),
    "a3-megagpu-8g": (208, 1872, "NVIDIA_H100_MEGA_80GB", 8),
    "a3-ultragpu-8g": (224, 2952, "NVIDIA_H200_141GB", 8),
    "a4-highgpu-8g": (224, 3968, "NVIDIA_B200", 8),
    "g2-standard-4": (4, 16, "NVIDIA_L4", 1),
    "g2-standard-8": (8, 32, "NVIDIA_L4", 1),
    "g2-standard-12": (12, 48, "NVIDIA_L4", 1),
    "g2-standard-16": (16, 64, "NVIDIA_L4", 1),
    "g2-standard-24": (24, 96, "NVIDIA_L4", 2),
    "g2-standard-32": (32, 128, "NVIDIA_L4", 1),
    "g2-standard-48": (48, 192, "NVIDIA_L4", 4),
    "g2-standard-96": (96, 384, "NVIDIA_L4", 8),
}
# Families that get no new sizes any more: another name in them is a slip.
_CLOSED = ("n1", "e2", "n2", "n2d", "c2", "c2d", "m1", "a2", "g2")
# Accelerator → how many may be attached to an N1 machine, and up to how many vCPUs.
_ATTACHED: Mapping[str, Mapping[int, int]] = {
    "NVIDIA_TESLA_T4": {1: 48, 2: 48, 4: 96},
    "NVIDIA_TESLA_P4": {1: 24, 2: 48, 4: 96},
    "NVIDIA_TESLA_P100": {1: 16, 2: 32, 4: 96},
    "NVIDIA_TESLA_V100": {1: 12, 2: 24, 4: 48, 8: 96},
}
ACCELERATORS = (
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_L4",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_GB200",
    "NVIDIA_RTX_PRO_6000",
    "TPU_V2",
    "TPU_V3",
    "TPU_V4_POD",
    "TPU_V5_LITEPOD",
)
"""Names of accelerators, as in `AcceleratorType` of Vertex AI's API."""

# Where the accelerators are that are spread no further. Others are still being rolled out.
_REGIONS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(regions.split())
    for kind, regions in {
        "NVIDIA_TESLA_P4": "asia-southeast1 australia-southeast1 europe-west4 "
        "northamerica-northeast1 us-central1 us-east4 us-west2",
        "NVIDIA_TESLA_P100": "asia-east1 australia-southeast1 europe-west1 europe-west4 "
        "us-central1 us-east1 us-west1",
        "NVIDIA_TESLA_V100": "asia-east1 europe-west4 us-central1 us-east1 us-west1",
        "NVIDIA_TESLA_T4": "asia-east1 asia-east2 asia-northeast1 asia-northeast3 asia-south1 "
        "asia-southeast1 asia-southeast2 australia-southeast1 europe-central2 europe-west1 "
        "europe-west2 europe-west3 europe-west4 me-west1 northamerica-northeast1 "
        "southamerica-east1 us-central1 us-east1 us-east4 us-west1 us-west2 us-west3 us-west4",
        "NVIDIA_TESLA_A100": "asia-northeast1 asia-northeast3 asia-southeast1 europe-west4 "
        "me-west1 us-central1 us-east1 us-west1 us-west3 us-west4",
    }.items()
}
# The smallest sizes that jobs take, and the largest that endpoints take, in vCPUs.
_LEAST_TRAINING = {
    "n1-standard": 4,
    "n1-highcpu": 16,
    "e2-standard": 4,
    "e2-highcpu": 16,
    "n2-standard": 4,
    "n2-highcpu": 16,
}
_LEAST_SERVING = {"n1-standard": 2}
_MOST_SERVING = {"n1-standard": 32, "n1-highmem": 32, "n1-highcpu": 32}


@attrs.frozen(kw_only=True)
class Machine:
    """What a machine type is.

    Attributes:
        vcpus: Virtual CPUs.
        memory_gb: Memory, in GB.
        accelerator_type: The accelerators that it comes with; empty for none.
        accelerator_count: How many of them.
    """

    vcpus: int
    memory_gb: float
    accelerator_type: str = ""
    accelerator_count: int = 0


@attrs.frozen(kw_only=True)
class MachineNeed:
    """Machines that a stage asks for.

    Attributes:
        stage: Name of the stage.
        purpose: `training`, or `serving` for those behind an endpoint.
        machine_type: Compute Engine machine type, for example `n1-standard-4`.
        accelerator_type: Name as in Vertex AI's API; empty for none.
        accelerator_count: Accelerators a machine.
        replicas: Machines at the same time, those of parallel trials included.
        rounds: How many jobs these machines do one after the other: `max_trials` by
            `parallel_trials` for tuning, else 1.
        lifetime: How long they serve, as in `Deploy(expires="8h")`; empty for without an end.
        unknown: Settings that are ports, so that only the running pipeline knows them; here
            they are empty, 0 or 1.
    """

    stage: str
    purpose: str
    machine_type: str
    accelerator_type: str = ""
    accelerator_count: int = 0
    replicas: int = 1
    rounds: float = 1.0
    lifetime: str = ""
    unknown: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, stage: str, purpose: str, known: Known, settings: Mapping[str, Any], **more: Any
    ) -> MachineNeed:
        """Say what a stage asks for by its settings.

        Args:
            stage: Name of the stage.
            purpose: `training` or `serving`.
            known: Gives the value of a setting, None where only the running pipeline knows it.
            settings: `machine_type`, `accelerator_type`, `accelerator_count`, `replicas`,
                `lifetime`: values, parameters or ports; those that are left out are as in the
                class.
            more: Attributes of the class whose values are known.
        """
        values = {name: known(setting) for name, setting in settings.items()}
        unknown = tuple(name for name, value in values.items() if value is None)
        given = {name: value for name, value in values.items() if value is not None}
        given.setdefault("machine_type", "")
        return cls(stage=stage, purpose=purpose, unknown=unknown, **given, **more)

    @property
    def machine(self) -> str:
        """The machine in words: `n1-standard-8 + 2 NVIDIA_TESLA_T4`."""
        name = self.machine_type or "(a port)"
        if not self.accelerator_count:
            return name
        return f"{name} + {self.accelerator_count} {self.accelerator_type}"


def machine(name: str) -> Machine | None:
    """Say what a machine type is.

    Args:
        name: For example `n1-standard-4`.

    Returns:
        Its size; None for one that the tables do not have.
    """
    if name in _SPECIAL:
        vcpus, memory, accelerator, count = _SPECIAL[name]
        return Machine(
            vcpus=vcpus,
            memory_gb=memory,
            accelerator_type=accelerator,
            accelerator_count=count,
        )
    kind, _, size = name.rpartition("-")
    per_vcpu, sizes = _SIZES.get(kind, (0.0, ()))
    if not size.isdecimal() or int(size) not in sizes or size != str(int(size)):
        return None
    memory = 864 if name == "n2-highmem-128" else per_vcpu * int(size)
    return Machine(vcpus=int(size), memory_gb=memory)


def machine_types() -> tuple[str, ...]:
    """Every machine type in the tables."""
    regular = [f"{kind}-{size}" for kind, (_, sizes) in _SIZES.items() for size in sizes]
    return (*regular, *_SPECIAL)


def compatibility(need: MachineNeed, location: str) -> str | None:
    """Say what is wrong with a machine in a location, from a table, without network.

    Args:
        need: The machine.
        location: Region.

    Returns:
        What does not go together and what would; None when nothing is known to be wrong.
    """
    for check in (_type_fault, _size_fault, _accelerator_fault, _count_fault):
        fault = check(need)
        if fault:
            return f"stage {need.stage!r}: {fault}"
    regions = _REGIONS.get(need.accelerator_type, ())
    if not regions or location in regions:
        return None
    continent = location.partition("-")[0]
    near = [region for region in regions if region.startswith(f"{continent}-")] or regions
    return (
        f"stage {need.stage!r}: there is no {need.accelerator_type} in {location}; there is in "
        f"{', '.join(near)}."
    )


def _type_fault(need: MachineNeed) -> str | None:
    name = need.machine_type
    if not name or machine(name):
        return None
    family = name.partition("-")[0]
    if _TYPE.fullmatch(name) and family not in _CLOSED:
        return None  # maybe newer than the tables
    return (
        f"{name!r} is no machine type of Vertex AI; expected one such as 'n1-standard-4'."
        + nearest(name, machine_types())
    )


def _size_fault(need: MachineNeed) -> str | None:
    found = machine(need.machine_type)
    kind = need.machine_type.rpartition("-")[0]
    serving = need.purpose == "serving"
    least = (_LEAST_SERVING if serving else _LEAST_TRAINING).get(kind, 0)
    most = _MOST_SERVING.get(kind, 0) if serving else 0
    if found and found.vcpus < least:
        limit = f"the smallest of its kind that does is '{kind}-{least}'"
    elif found and most and found.vcpus > most:
        limit = f"the largest of its kind that does is '{kind}-{most}'"
    else:
        return None
    task = "serve behind an endpoint" if serving else "run training jobs"
    return f"{need.machine_type!r} does not {task} on Vertex AI; {limit}."


def _accelerator_fault(need: MachineNeed) -> str | None:
    kind, count = need.accelerator_type, need.accelerator_count
    half = bool(kind) != bool(count)
    if half and not {"accelerator_type", "accelerator_count"} & {*need.unknown}:
        return (
            f"accelerator_type={kind!r} and accelerator_count={count}: it takes both, the type "
            "and how many there are a machine, or neither."
        )
    if kind == "NVIDIA_TESLA_K80":
        return "Google has taken NVIDIA_TESLA_K80 out of service; 'NVIDIA_TESLA_T4' replaces it."
    if kind and kind not in ACCELERATORS and not kind.startswith("TPU_"):
        return (
            f"{kind!r} is no accelerator of Vertex AI; expected one such as 'NVIDIA_TESLA_T4'."
            + nearest(kind.upper(), ACCELERATORS)
        )
    return None


def _count_fault(need: MachineNeed) -> str | None:
    """What is wrong with the accelerators of a machine that the tables have."""
    found = machine(need.machine_type)
    if found is None or {"accelerator_type", "accelerator_count"} & {*need.unknown}:
        return None
    if found.accelerator_type:
        return _built_in_fault(need, found)
    if not need.accelerator_type:
        return None
    counts = _ATTACHED.get(need.accelerator_type)
    if counts is None or not need.machine_type.startswith("n1-"):
        return _elsewhere(need)
    fitting = [count for count, most in counts.items() if found.vcpus <= most]
    if need.accelerator_count in fitting:
        return None
    return (
        f"{need.machine_type!r} takes {_listed(fitting)} {need.accelerator_type}, not "
        f"{need.accelerator_count}."
    )


def _built_in_fault(need: MachineNeed, found: Machine) -> str | None:
    wanted, most = found.accelerator_type, found.accelerator_count
    # Replicas of a model may share a machine, each with some of its accelerators.
    counts = range(1, most + 1) if need.purpose == "serving" else range(most, most + 1)
    if need.accelerator_type == wanted and need.accelerator_count in counts:
        return None
    asked = f"{need.accelerator_count} {need.accelerator_type}" if need.accelerator_type else "none"
    return (
        f"{need.machine_type!r} comes with {most} {wanted}, and {asked} was asked for: set "
        f"accelerator_type={wanted!r}, accelerator_count={most}."
    )


def _elsewhere(need: MachineNeed) -> str:
    kind = need.accelerator_type
    if kind in _ATTACHED:
        offer = "'n1' machines take it, such as 'n1-standard-8'"
    elif types := [name for name, facts in _SPECIAL.items() if facts[2] == kind]:
        offer = f"these come with it: {', '.join(types)}"
    else:
        offer = "it has machine types of its own"
    return f"{need.machine_type!r} takes no {kind}; {offer}."


def _listed(counts: list[int]) -> str:
    *most, last = map(str, counts)
    return f"{', '.join(most)} or {last}" if most else last
