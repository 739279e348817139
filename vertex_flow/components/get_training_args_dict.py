"""Collects the arguments of a training job."""
# mypy: disallow-untyped-decorators=False
# ruff: noqa: B006 - KFP writes the default into the compiled component and never changes it

from typing import Any

from kfp import dsl
from kfp.dsl import Dataset, Input

from vertex_flow.components._images import GCPC_IMAGE
from vertex_flow.components._values import parse_value, parse_values, resolve_markers


@dsl.component(
    base_image=GCPC_IMAGE,
    install_kfp_package=False,
    additional_funcs=[parse_value, parse_values, resolve_markers],
)
def get_training_args_dict(
    args: dict[str, Any] = {},
    values: str = "",
    train_data: Input[Dataset] = None,  # pyright: ignore[reportArgumentType]  # KFP: optional
    validation_data: Input[Dataset] = None,  # pyright: ignore[reportArgumentType]  # KFP: optional
) -> dict:  # type: ignore[type-arg]  # KFP knows outputs by the plain class
    """Collects constants, run-time values and data set URIs into the arguments of a training job.

    Args:
        args: Argument names and values. A value {"$value": name} stands for the run-time value of
            that name. Arguments that are null are left out.
        values: Run-time values, records joined by U+241E, each name, type (int, float, bool, str,
            list or dict) and text joined by U+241F.
        train_data: Training data, passed on as the argument train_data, its URI.
        validation_data: Validation data, passed on as the argument validation_data, its URI.

    Returns:
        Argument names and values, for the input args of get-worker-pool-specs.
    """
    collected = resolve_markers(args, parse_values(values))
    for name, data in (("train_data", train_data), ("validation_data", validation_data)):
        if data is not None:
            collected[name] = data.uri
    return {name: value for name, value in collected.items() if value is not None}


GetTrainingArgsDictOp = get_training_args_dict
