"""Completes the worker pool specs of a training job."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: B006 - KFP writes the default into the compiled component and never changes it

from typing import Any

from kfp import dsl

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._values import parse_value, parse_values, resolve_markers


def as_text(value: Any) -> str:
    """Write a value as a command-line argument or an environment variable has it."""
    import json

    if isinstance(value, bool):
        return "true" if value else "false"
    # Pipelines hand every number on as a double: 64 may arrive as 64.0, which int() would refuse.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    return repr(value) if isinstance(value, float) else str(value)


def as_flags(args: dict[str, Any]) -> list[str]:
    """Write arguments as `--name=value`; a list repeats its flag, None is left out.

    Sorted: pipelines keep no order, and without one every run would be another one to the cache.
    """
    flags = []
    for name, value in sorted(args.items()):
        items = value if isinstance(value, list) else [value]
        flags += [f"--{name}={as_text(item)}" for item in items if item is not None]
    return flags


def snake_case(tree: Any) -> Any:
    """Copy a spec with keys in snake_case, whole numbers as int, and without what is None."""
    import re

    if isinstance(tree, list):
        return [snake_case(item) for item in tree]
    if isinstance(tree, dict):
        return {
            re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower(): snake_case(item)
            for key, item in tree.items()
            if item is not None
        }
    return int(tree) if isinstance(tree, float) and tree.is_integer() else tree


def without_empty_accelerator(machine_spec: dict[str, Any]) -> dict[str, Any]:
    """Drop the accelerator of a machine when its type is empty or its count is 0."""
    kind = machine_spec.get("accelerator_type")
    if kind not in (None, "", "ACCELERATOR_TYPE_UNSPECIFIED") and int(
        machine_spec.get("accelerator_count", 1) or 0
    ):
        return machine_spec
    return {key: item for key, item in machine_spec.items() if not key.startswith("accelerator_")}


def complete_pool(
    index: int, given: Any, pool: dict[str, Any], flags: list[str], env: dict[str, Any]
) -> dict[str, Any]:
    """Add arguments and environment to one worker pool, and check its image.

    Args:
        index: Position of the pool, for errors.
        given: The pool as it was given, markers included, for errors.
        pool: The pool in snake_case, markers replaced.
        flags: Arguments that are appended.
        env: Environment variables that are added; they replace those of the same name.
    """
    images = {"container_spec": "image_uri", "python_package_spec": "executor_image_uri"}
    kind = next((kind for kind in images if kind in pool), None)
    if kind is None:
        raise ValueError(
            f"worker pool {index} has neither container_spec nor python_package_spec: "
            "it does not say what runs in it."
        )
    spec, image = dict(pool[kind]), images[kind]
    if not spec.get(image):
        marked = snake_case(given).get(kind, {}).get(image)
        source = f"the pipeline parameter {marked['$value']!r}" if marked else "worker_pool_specs"
        raise ValueError(f"{kind}.{image} of worker pool {index} is empty: set it in {source}.")
    merged = {item["name"]: item.get("value", "") for item in spec.get("env", [])} | env
    spec["args"] = [as_text(item) for item in spec.get("args", [])] + flags
    spec["env"] = [
        {"name": name, "value": as_text(value)}
        for name, value in merged.items()
        if value is not None
    ]
    return {
        **pool,
        "machine_spec": without_empty_accelerator(pool.get("machine_spec", {})),
        kind: {key: item for key, item in spec.items() if item not in ([], {})},
    }


def split_chief(pools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every pool its place: one chief first, empty pools only where a later one follows."""
    count = int(pools[0].get("replica_count", 1)) if pools else 0
    if count < 1:
        raise ValueError("worker_pool_specs: the first worker pool needs at least one replica.")
    kept = [pool if int(pool.get("replica_count", 1)) else {} for pool in pools]
    if count > 1:
        if len(kept) > 1 and kept[1]:
            raise ValueError(
                f"worker_pool_specs: the first worker pool has {count} replicas and there is a "
                "second one. Vertex AI wants exactly 1 in the first: move the others to the second."
            )
        kept[:2] = [{**kept[0], "replica_count": 1}, {**kept[0], "replica_count": count - 1}]
    while not kept[-1]:
        kept.pop()
    return kept


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[
        parse_value,
        parse_values,
        resolve_markers,
        as_text,
        as_flags,
        snake_case,
        without_empty_accelerator,
        complete_pool,
        split_chief,
    ],
)
def get_worker_pool_specs(
    worker_pool_specs: list[Any],
    args: dict[str, Any] = {},
    hyperparams: dict[str, Any] = {},
    env: dict[str, Any] = {},
    values: str = "",
) -> list:  # type: ignore[type-arg]  # KFP knows outputs by the plain class
    """Puts arguments, tuned parameters and environment into the worker pool specs of a job.

    Args:
        worker_pool_specs: Worker pools as in the CustomJobSpec of Vertex AI, in snake_case or
            camelCase. When the first pool has n > 1 replicas it becomes a chief and a second pool
            with n - 1; pools without replicas and empty accelerators are left out.
        args: Arguments, added to every pool as --name=value. A list repeats its flag, a dict is
            written as JSON, a bool as true or false; null is left out.
        hyperparams: Tuned parameters, added in the same way; they win over args of the same name.
        env: Environment variables, added to every pool.
        values: Run-time values, records joined by U+241E, each name, type (int, float, bool, str,
            list or dict) and text joined by U+241F. They replace {"$value": name} in the other
            inputs.

    Returns:
        Worker pools in snake_case, for CustomTrainingJobOp and HyperparameterTuningJobRunOp.
    """
    known = parse_values(values)
    given = worker_pool_specs
    pools = split_chief([snake_case(resolve_markers(pool, known)) for pool in given])
    tuned = {name: value for name, value in hyperparams.items() if value is not None}
    flags = as_flags(resolve_markers({**args, **tuned}, known))
    added = resolve_markers(env, known)
    # A chief that was split off leaves one pool more than was given.
    return [
        complete_pool(index, given[min(index, len(given) - 1)], pool, flags, added) if pool else {}
        for index, pool in enumerate(pools)
    ]


GetWorkerPoolSpecsOp = get_worker_pool_specs
