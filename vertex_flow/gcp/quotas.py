"""Whether the machines of a flow go together, and whether the project may have so many."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from vertex_flow.console import quotas_url
from vertex_flow.gcp.requirement import Finding, Requirement
from vertex_flow.gcp.site import VERTEX_AI, Site
from vertex_flow.machines import MachineNeed, compatibility

_CPUS = re.compile(r"(?P<family>[a-z]\d[a-z]?)-[a-z]+-(?P<count>\d+)")
_SHARED = ("n1", "e2")
"""Families whose processors are counted together, in the quota without a family's name."""

# Vertex AI's name of an accelerator, where its quota does not simply say it in small letters.
_IN_QUOTAS = {
    "NVIDIA_H100_80GB": "nvidia_h100",
    "NVIDIA_H100_MEGA_80GB": "nvidia_h100_mega",
    "NVIDIA_H200_141GB": "nvidia_h200",
    "TPU_V5_LITEPOD": "tpu_v5e",
}


class Machines(Requirement):
    """Machine types, accelerators and location that go together: from a table, not the network."""

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings, one a stage."""
        return tuple(f"machine of {need.stage}" for need in site.needs)

    def look(self, site: Site) -> Sequence[Finding]:
        """Look each machine up."""
        return [_fits(need, site.place.location) for need in site.needs]


class Quotas(Requirement):
    """Quotas of processors and accelerators that are enough for the machines of a flow.

    Stages of training follow each other, so the greatest counts; models that are served stay, so
    their machines are added up. What is in use already is not known here.
    """

    services = (VERTEX_AI,)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings, one a quota."""
        return tuple(f"quota {metric}" for metric in wanted_quotas(site.needs))

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Service Usage for each quota."""
        wanted = wanted_quotas(site.needs)
        return [_enough(site, metric, count) for metric, count in wanted.items()]


def wanted_quotas(needs: Sequence[MachineNeed]) -> Mapping[str, int]:
    """The quotas that machines count against, and how much of each they need.

    Args:
        needs: The machines.

    Returns:
        Count by the quota's metric, such as `custom_model_training_nvidia_t4_gpus`.
    """
    counted: dict[str, int] = {}
    for need in needs:
        add: Callable[[int, int], int] = max if need.purpose == "training" else int.__add__
        for metric, count in _counts(need):
            counted[metric] = add(counted.get(metric, 0), count * need.replicas)
    return counted


def _counts(need: MachineNeed) -> Iterator[tuple[str, int]]:
    prefix = f"custom_model_{need.purpose}"
    machine = _CPUS.fullmatch(need.machine_type)
    if machine:
        family = "" if machine["family"] in _SHARED else f"{machine['family']}_"
        yield f"{prefix}_{family}cpus", int(machine["count"])
    if need.accelerator_type and need.accelerator_count:
        yield f"{prefix}_{_in_quotas(need.accelerator_type)}", need.accelerator_count


def _in_quotas(accelerator: str) -> str:
    """`NVIDIA_TESLA_T4` is `nvidia_t4_gpus` there."""
    name = _IN_QUOTAS.get(accelerator, accelerator.replace("_TESLA_", "_").lower())
    return name if name.startswith("tpu_") else f"{name}_gpus"


def _fits(need: MachineNeed, location: str) -> Finding:
    name = f"machine of {need.stage}"
    wrong = compatibility(need, location)
    if wrong:
        return Finding(name, "wrong", wrong, f"change the machine of stage {need.stage!r}")
    accelerators = f" with {need.accelerator_count} {need.accelerator_type}"
    return Finding(
        name, "ok", f"{need.machine_type}{accelerators if need.accelerator_type else ''}"
    )


def _enough(site: Site, metric: str, wanted: int) -> Finding:
    name, location = f"quota {metric}", site.place.location
    quotas = site.apis.quotas.services().consumerQuotaMetrics()
    quoted = quote(f"{VERTEX_AI}/{metric}", safe="")
    full = f"{site.project_name}/services/{VERTEX_AI}/consumerQuotaMetrics/{quoted}"
    found = site.apis.find(quotas.get(name=full, view="BASIC"))
    limit = _limit(found or {}, location)
    page = quotas_url(site.place.project)
    if limit is None:
        detail = f"Google names no quota {metric} in {location}; {wanted} are needed."
        return Finding(name, "unknown", detail, f"look for it at {page}")
    if 0 <= limit < wanted:
        detail = f"{wanted} are needed in {location}, the quota is {limit}."
        return Finding(
            name, "missing", detail, f"ask for more at {page}&metric={VERTEX_AI}/{metric}"
        )
    return Finding(name, "ok", f"{wanted} of {'any number' if limit < 0 else limit}")


def _limit(metric: Mapping[str, Any], location: str) -> int | None:
    """The limit in a region, else that of every region; negative for none at all."""
    for limit in metric.get("consumerQuotaLimits", []):
        if "{region}" not in limit.get("unit", ""):
            continue
        buckets = limit.get("quotaBuckets", [])
        own = [one for one in buckets if one.get("dimensions", {}).get("region") == location]
        default = [one for one in buckets if not one.get("dimensions")]
        for bucket in (*own, *default):
            return int(bucket.get("effectiveLimit", 0))
    return None
