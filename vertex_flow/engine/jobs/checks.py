"""What Vertex AI, or this machine, refuses in the specification of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import invalid, not_found
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store

_PRIMARY = 0
_MOST_POOLS = 4
_MOST_REPLICAS = 100
_MOST_VARIABLES = 100
_MOST_PACKAGES = 100
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


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


def check_job(spec: Any, home: Home, *, field: str, containers: bool = False) -> None:
    """Refuse a job that cannot run.

    Args:
        spec: A `CustomJobSpec`.
        home: Resolves the output folder.
        field: The field that the specification is in, for the error.
        containers: Whether images run in containers, with entrypoints of their own.

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
    _check_replicas(used, f"{field}.worker_pool_specs")
    for number, pool in used.items():
        _check_pool(pool, f"{field}.worker_pool_specs[{number}]", home, containers=containers)
    _check_scheduling(spec.scheduling, f"{field}.scheduling")
    uri = spec.base_output_directory.output_uri_prefix
    if uri:
        home.path(uri)


def check_references(spec: Any, store: Store, *, field: str) -> None:
    """Refuse a job that names a resource that there is not.

    Args:
        spec: A `CustomJobSpec`.
        store: Has the resources.
        field: The field that the specification is in, for the error.

    Raises:
        ApiError: NOT_FOUND, or INVALID_ARGUMENT for a run without its experiment.
    """
    named = (
        ("tensorboard", types.Tensorboard, spec.tensorboard),
        ("experiment", types.Context, spec.experiment),
        ("experiment_run", types.Context, spec.experiment_run),
    )
    for part, kind, name in named:
        if name and store.find(kind, name) is None:
            raise not_found(f'{field}.{part}: the {kind.__name__} "{name}" does not exist.')
    if spec.experiment_run and not spec.experiment:
        raise invalid(f"{field}.experiment_run needs {field}.experiment beside it.")


def _check_replicas(used: Mapping[int, Any], field: str) -> None:
    for number, pool in used.items():
        if pool.replica_count < 0:
            raise invalid(
                f"{field}[{number}].replica_count must not be negative: {pool.replica_count}."
            )
    if replica_count(used[_PRIMARY]) != 1:
        raise invalid(
            f"{field}[0].replica_count must be 1, not {replica_count(used[_PRIMARY])}: it is the "
            f"primary replica. Put further replicas into worker_pool_specs[1]."
        )
    replicas = sum(map(replica_count, used.values()))
    if replicas > _MOST_REPLICAS:
        raise invalid(
            f"{field} asks for {replicas} replicas; each is a process on this machine, and at "
            f"most {_MOST_REPLICAS} can run in a job."
        )


def _check_scheduling(scheduling: Any, field: str) -> None:
    strategies = types.Scheduling.Strategy
    if scheduling.strategy not in list(strategies):
        names = ", ".join(strategy.name for strategy in strategies if strategy)
        raise invalid(
            f"{field}.strategy: {int(scheduling.strategy)} is unknown; use one of {names}."
        )
    for part in ("timeout", "max_wait_duration"):
        given = getattr(scheduling, part)
        if given is not None and given.total_seconds() < 0:
            raise invalid(f"{field}.{part} must not be negative: {given.total_seconds():g} s.")
    if scheduling.max_wait_duration and scheduling.strategy != strategies.FLEX_START:
        raise invalid(
            f"{field}.max_wait_duration is for the strategy FLEX_START, not for "
            f"{strategies(scheduling.strategy).name}."
        )


def _check_pool(pool: Any, field: str, home: Home, *, containers: bool) -> None:
    packaged = "python_package_spec" in pool
    part = pool.python_package_spec if packaged else pool.container_spec
    where = f"{field}.{'python_package_spec' if packaged else 'container_spec'}"
    if len(part.env) > _MOST_VARIABLES:
        raise invalid(f"{where}.env has {len(part.env)} entries; at most 100 are allowed.")
    for entry in part.env:
        if not entry.name or "=" in entry.name or "\0" in entry.name + entry.value:
            raise invalid(f"{where}.env: {entry.name!r} cannot name an environment variable.")
    words = [*part.args, *([] if packaged else part.command)]
    if any("\0" in word for word in words):
        raise invalid(f"{where}: a command line cannot hold a NUL character.")
    if packaged:
        _check_package(part, where, home)
    elif not part.command and not (containers and part.image_uri):
        raise invalid(
            f"{where}.command is empty: jobs run without containers here, so an "
            "image's own entrypoint cannot. Name the command, for example "
            '["python", "-m", "trainer.task"]; it works on Vertex AI too.'
        )


def _check_package(part: Any, where: str, home: Home) -> None:
    if not part.python_module:
        raise invalid(f"{where}.python_module is required.")
    if not _MODULE.fullmatch(part.python_module):
        raise invalid(
            f"{where}.python_module: {part.python_module!r} is not the dotted name of a module, "
            "such as 'trainer.task'."
        )
    if len(part.package_uris) > _MOST_PACKAGES:
        raise invalid(
            f"{where}.package_uris has {len(part.package_uris)} entries; at most "
            f"{_MOST_PACKAGES} are allowed."
        )
    for uri in part.package_uris:
        home.path(uri)
