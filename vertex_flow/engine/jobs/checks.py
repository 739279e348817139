"""What Vertex AI, or this machine, refuses in the specification of a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.state.home import Home

_PRIMARY = 0
_MOST_POOLS = 4
_MOST_REPLICAS = 100


def pools(spec: Any) -> Iterator[tuple[int, Any]]:
    """Give the worker pools that are in use, each with its number; `{}` keeps a place free.

    Args:
        spec: A `CustomJobSpec`.
    """
    for number, pool in enumerate(spec.worker_pool_specs):
        if "container_spec" in pool or "python_package_spec" in pool:
            yield number, pool


def replica_count(pool: Any) -> int:
    """Give how many replicas a worker pool has: one when the field is not set."""
    return int(pool.replica_count) or 1


def check_job(spec: Any, home: Home, *, field: str) -> None:
    """Refuse a job that cannot run.

    Args:
        spec: A `CustomJobSpec`.
        home: Resolves the output folder.
        field: The field that the specification is in, for the error.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    used = dict(pools(spec))
    if len(spec.worker_pool_specs) > _MOST_POOLS:
        raise invalid(
            f"{field}.worker_pool_specs has {len(spec.worker_pool_specs)} entries; at most "
            f"{_MOST_POOLS} are allowed: chief, workers, parameter servers, evaluators."
        )
    if _PRIMARY not in used:
        raise invalid(
            f"{field}.worker_pool_specs[0] must have a container_spec or a python_package_spec."
        )
    if replica_count(used[_PRIMARY]) != 1:
        raise invalid(
            f"{field}.worker_pool_specs[0].replica_count must be 1, not "
            f"{replica_count(used[_PRIMARY])}: it is the primary replica. Put further replicas "
            "into worker_pool_specs[1]."
        )
    replicas = sum(map(replica_count, used.values()))
    if replicas > _MOST_REPLICAS:
        raise invalid(
            f"{field}.worker_pool_specs asks for {replicas} replicas; "
            f"each is a process on this machine, and at most {_MOST_REPLICAS} can run in a job."
        )
    for number, pool in used.items():
        _check_pool(pool, f"{field}.worker_pool_specs[{number}]")
    uri = spec.base_output_directory.output_uri_prefix
    if uri:
        home.path(uri)


def check_display_name(name: str) -> None:
    """Refuse a display name that Vertex AI refuses.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    if not name:
        raise invalid("display_name is required: up to 128 characters.")
    if len(name) > 128:
        raise invalid(f"display_name has {len(name)} characters; at most 128 are allowed.")


def _check_pool(pool: Any, field: str) -> None:
    if pool.replica_count < 0:
        raise invalid(f"{field}.replica_count must not be negative: {pool.replica_count}.")
    if "python_package_spec" in pool:
        if not pool.python_package_spec.python_module:
            raise invalid(f"{field}.python_package_spec.python_module is required.")
        return
    if not pool.container_spec.command:
        raise invalid(
            f"{field}.container_spec.command is empty: jobs run without containers here, so an "
            "image's own entrypoint cannot. Name the command, for example "
            '["python", "-m", "trainer.task"]; it works on Vertex AI too.'
        )
