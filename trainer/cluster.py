"""The replicas that train together, as `TF_CONFIG` tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.errors import TrainingError

_ROLES = ("chief", "worker")


@dataclass(frozen=True)
class Replica:
    """This process among those that train together.

    Attributes:
        role: `chief` or `worker`.
        index: Number among those of its role, from 0.
        count: Processes that train together, 1 or more.
        chief: Whether this one writes model, checkpoints, logs and metrics.
    """

    role: str = "chief"
    index: int = 0
    count: int = 1
    chief: bool = True


def replica(environment: Mapping[str, str]) -> Replica:
    """Read which replica this process is.

    Args:
        environment: Its environment variables. Without `TF_CONFIG`, or with one that lists a
            single process, it trains alone.

    Raises:
        TrainingError: `TF_CONFIG` is malformed, or has a role that mirrored training lacks.
    """
    text = environment.get("TF_CONFIG", "").strip()
    if not text:
        return Replica()
    try:
        content = json.loads(text)
        hosts = {role: list(found) for role, found in (content.get("cluster") or {}).items()}
        if not hosts:
            return Replica()
        role, index = str(content["task"]["type"]), int(content["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TrainingError(
            "TF_CONFIG is malformed; expected "
            '{"cluster": {"chief": ["host:port"], "worker": ["host:port"]}, '
            f'"task": {{"type": "chief", "index": 0}}}}, got {text}'
        ) from None
    return _checked(hosts, role, index)


def strategy(member: Replica) -> Any:
    """Make the distribution strategy of a replica. Waits until the others are there.

    Several processes, or several GPUs, each compute a part of every step and keep equal weights.
    """
    if member.count > 1:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def _checked(hosts: Mapping[str, list[Any]], role: str, index: int) -> Replica:
    others = sorted(({role} | {name for name, found in hosts.items() if found}) - set(_ROLES))
    if others:
        raise TrainingError(
            f"TF_CONFIG has the role {', '.join(map(repr, others))}; replicas here mirror each "
            "other as 'chief' and 'worker': leave worker pools 2 and 3 of the job empty"
        )
    peers = hosts.get(role, [])
    if not 0 <= index < len(peers):
        raise TrainingError(
            f"TF_CONFIG says that this is {role} {index}, and its cluster has {len(peers)} {role}s"
        )
    chief = role == "chief" or (not hosts.get("chief") and index == 0)
    return Replica(role=role, index=index, count=sum(map(len, hosts.values())), chief=chief)
