"""What the replicas of a job know of each other: `CLUSTER_SPEC` and `TF_CONFIG`."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import attrs

from vertex_flow.engine.api.messages import to_json

# What TensorFlow calls the replicas of each worker pool.
_ROLES = ("chief", "worker", "ps", "evaluator")
_EVALUATORS = 3
# Linux takes no variable above 128 KiB.
_LONGEST = 100_000


@attrs.frozen(kw_only=True)
class Cluster:
    """The replicas of one job, each with an address that nobody else listens on.

    Attributes:
        addresses: Host and port of each replica, by the number of its worker pool.
        spec: The job's specification as JSON.
        trial: Number of the trial that the job is, or the empty text.
    """

    addresses: Mapping[int, Sequence[str]]
    spec: Mapping[str, Any]
    trial: str = ""

    @classmethod
    def of(cls, places: Sequence[tuple[int, int]], spec: Any, trial: str) -> Cluster:
        """Find an address for each replica.

        Args:
            places: Worker pool and index of each replica.
            spec: A `CustomJobSpec`.
            trial: Number of the trial, or the empty text.
        """
        found: dict[int, list[str]] = {}
        with ExitStack() as held:  # all at once, so that no port is given twice
            for number, _ in places:
                sock = held.enter_context(socket.socket())
                sock.bind(("127.0.0.1", 0))
                found.setdefault(number, []).append(f"127.0.0.1:{sock.getsockname()[1]}")
        return cls(addresses=found, spec=to_json(spec), trial=trial)

    def variables(self, pool: int, index: int) -> dict[str, str]:
        """Describe the cluster to one replica; `TF_CONFIG` is for jobs of several replicas.

        Args:
            pool: Number of its worker pool.
            index: Its number in the pool.
        """
        pools = {f"workerpool{number}": found for number, found in self.addresses.items()}
        found = {"CLUSTER_SPEC": self._text(pools, f"workerpool{pool}", index)}
        if sum(map(len, self.addresses.values())) > 1:
            # TensorFlow counts evaluators among no cluster.
            roles = {
                _ROLES[number]: addresses
                for number, addresses in self.addresses.items()
                if number != _EVALUATORS
            }
            found["TF_CONFIG"] = self._text(roles, _ROLES[pool], index)
        return found

    def _text(self, cluster: Mapping[str, Any], kind: str, index: int) -> str:
        task: dict[str, Any] = {"type": kind, "index": index}
        if self.trial:
            task["trial"] = self.trial
        facts = {"cluster": cluster, "environment": "cloud", "task": task}
        text = json.dumps({**facts, "job": self.spec})
        return text if len(text.encode()) <= _LONGEST else json.dumps(facts)
