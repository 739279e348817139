"""The code that is put into the training image, and the machines it runs on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from vertex_flow.errors import SettingError, nearest
from vertex_flow.ports import Param, Port, Value, copying

Scalar = str | int | float | bool | None
Argument = Scalar | list[Scalar] | Port[Any] | Param[Any]
Strategy = Literal["STANDARD", "SPOT", "ON_DEMAND", "LOW_COST", "FLEX_START"]

TRAINING_IMAGE = Param("training_image", "")
"""The training image of a trainer that names none: the context gives it at every run."""

TENSORBOARD = Param("tensorboard", "")
"""The TensorBoard instance that training logs to: the context gives it at every run."""
TRAINING_ACCOUNT = Param("training_service_account", "")
"""The identity of a training job that logs to TensorBoard, which needs one."""

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_IMAGE = re.compile(r"(?:[A-Za-z0-9][\w./:@-]*)?", re.ASCII)
_STRATEGIES = ("STANDARD", "SPOT", "ON_DEMAND", "LOW_COST", "FLEX_START")
_LARGEST = 2**53
_RESERVED = ("train_data", "validation_data")


def _check_module(_: Any, __: Any, module: str) -> None:
    if not isinstance(module, str) or not _MODULE.fullmatch(module):
        raise SettingError(
            f"Trainer(module={module!r}): expected the dotted name of a Python module, as in "
            "`python -m trainer.task`: 'trainer.task', not a path."
        )


def _check_arguments(_: Any, __: Any, args: Mapping[str, Any]) -> None:
    check_arguments("Trainer", args)


def check_arguments(owner: str, args: Mapping[str, Any], *, setting: str = "args") -> None:
    """Refuse arguments that cannot be flags of the training code.

    Args:
        owner: The class they were given to, for the error.
        args: Flag names without dashes → values.
        setting: Name of the setting, for the error.

    Raises:
        SettingError: They are no mapping, a name starts with a dash or is one that the stages
            set themselves, or a value cannot be a flag's.
    """
    if not isinstance(args, Mapping):
        raise SettingError(
            f"{owner}({setting}={args!r}): expected a mapping of names without dashes to values, "
            "for example {'epochs': 5}."
        )
    for name, value in args.items():
        if not isinstance(name, str) or not name or name.startswith("-"):
            bare = str(name).lstrip("-")
            raise SettingError(
                f"{owner}({setting}={{{name!r}: ...}}): write {bare!r}, without dashes."
            )
        if name in _RESERVED:
            raise SettingError(
                f"{owner}({setting}={{{name!r}: ...}}): --{name} is set from the input of that "
                f"name. Pass the data set as {name}=..., to the stage."
            )
        fault = _fault(value) if setting == "args" else None
        if fault:
            raise SettingError(f"{owner}({setting}={{{name!r}: {value!r}}}): {fault}")


def _fault(value: Any) -> str | None:
    """What keeps a value from arriving in the training code as it is, or None."""
    if isinstance(value, (list, tuple)):
        return next(filter(None, map(_fault, value)), None)
    if isinstance(value, Mapping):
        return _mapping_fault(value)
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, (int, float)):
        return _number_fault(value)
    if value is None or isinstance(value, (Port, Param)):
        return None
    return (
        f"a {type(value).__name__} cannot be a flag. Use a str, int, float or bool, a list or "
        "dict of these, a port or a Param."
    )


def _mapping_fault(mapping: Mapping[Any, Any]) -> str | None:
    if any(value is None for value in mapping.values()):
        return "a pipeline keeps no None inside a dict. Leave the entry out."
    return next(filter(None, map(_fault, [*mapping, *mapping.values()])), None)


def _number_fault(number: float) -> str | None:
    if not math.isfinite(number):
        return "expected a finite number."
    if isinstance(number, int) and abs(number) > _LARGEST:
        return f"pipelines keep whole numbers up to 2**53 exactly. Write it as a str: '{number}'."
    return None


def _text_fault(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a lone surrogate is no character, so the text cannot be sent."
    return "a command line cannot hold a NUL character." if "\0" in text else None


def _check_strategy(_: Any, __: Any, strategy: Any) -> None:
    if isinstance(strategy, str) and strategy not in _STRATEGIES:
        raise SettingError(
            f"Trainer(strategy={strategy!r}): use one of {', '.join(_STRATEGIES)}."
            + nearest(strategy.upper(), _STRATEGIES)
        )


def check_accelerator(owner: str, kind: Any, count: Any) -> None:
    """Refuse half an accelerator, which would cost nothing and do nothing, or fail in the cloud.

    Args:
        owner: The class it was given to, for the error.
        kind: Its type.
        count: How many there are a replica.

    Raises:
        SettingError: One of the two is given without the other.
    """
    if isinstance(kind, str) and isinstance(count, int) and bool(kind) != bool(count):
        raise SettingError(
            f"{owner}(accelerator_type={kind!r}, accelerator_count={count}): give both, the type "
            "and how many there are a replica, or neither."
        )


def _check_text(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, (str, Port, Param)):
        raise SettingError(f"Trainer({attribute.name}={value!r}): expected a str.")


def _check_base(_: Any, __: Any, image: Any) -> None:
    if not isinstance(image, str) or not _IMAGE.fullmatch(image):
        raise SettingError(
            f"Trainer(base_image={image!r}): expected the name of an image, for example "
            "'tensorflow/tensorflow:2.15.0-gpu'."
        )


def _at_least(least: int) -> Any:
    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, (Port, Param)):
            return
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise SettingError(
                f"{type(instance).__name__}({attribute.name}={value!r}): "
                f"expected a whole number of at least {least}."
            )

    return check


@attrs.frozen(kw_only=True, field_transformer=copying)
class Trainer:
    """The code that is put into the training image, and the machines it runs on.

    The same trainer serves `HyperTune` and `Train`. Its module is started as
    `python -m MODULE --train_data=URI --NAME=VALUE ...` and keeps to Vertex AI's contract: it
    saves the model to the folder in `AIP_MODEL_DIR`, checkpoints to `AIP_CHECKPOINT_DIR`,
    TensorBoard logs to `AIP_TENSORBOARD_LOG_DIR`.

    Attributes:
        module: Dotted name of the module, for example `trainer.task`.
        args: Flags of every run, name without dashes → value; a stage's own args come on top.
        env: Environment variables of the training process.
        image: URI of the training image; by default the pipeline parameter `training_image`,
            which the context supplies. On this machine no image is needed.
        source: Folder that holds the module's package, relative to the working directory; it
            is what runs on this machine, and what `GcpContext.build_image` puts into an image.
        base_image: Image that `GcpContext.build_image` starts from, given to the Dockerfile as
            the build argument `BASE`; by default the Dockerfile's own. Without a Dockerfile,
            TensorFlow's image of the version that serves models, for GPUs where there are any.
        machine_type: Compute Engine machine type of each replica.
        accelerator_type: Name as in Vertex AI's API, for example `NVIDIA_TESLA_T4`; empty for
            none.
        accelerator_count: Accelerators a replica, 0 or more.
        replicas: Machines that train together, 1 or more; above 1, `TF_CONFIG` tells each one
            its part.
        strategy: Scheduling of the training job: `STANDARD`, `SPOT` (cheaper, can be taken
            away), `ON_DEMAND`, `LOW_COST` or `FLEX_START`. Tuning trials always run as
            `STANDARD`: the tuning component has no such setting.
        boot_disk_type: `pd-ssd` or `pd-standard`.
        boot_disk_size_gb: Size in GB, 100 to 64000.

    Raises:
        SettingError: A setting is out of range or not of its kind.

    Example:
        ```python
        Trainer(module="trainer.task", args={"epochs": 5}, machine_type="n1-standard-8")
        ```
    """

    module: str = attrs.field(validator=_check_module)
    args: Mapping[str, Argument] = attrs.field(factory=dict, validator=_check_arguments)
    env: Mapping[str, Value[str]] = attrs.field(factory=dict)
    image: Value[str] = attrs.field(default=TRAINING_IMAGE, validator=_check_text)
    source: str = "."
    base_image: str = attrs.field(default="", validator=_check_base)
    machine_type: Value[str] = attrs.field(default="n1-standard-4", validator=_check_text)
    accelerator_type: Value[str] = attrs.field(default="", validator=_check_text)
    accelerator_count: Value[int] = attrs.field(default=0, validator=_at_least(0))
    replicas: Value[int] = attrs.field(default=1, validator=_at_least(1))
    strategy: Value[str] = attrs.field(default="STANDARD", validator=_check_strategy)
    boot_disk_type: Value[str] = attrs.field(default="pd-ssd", validator=_check_text)
    boot_disk_size_gb: Value[int] = attrs.field(default=100, validator=_at_least(100))

    def __attrs_post_init__(self) -> None:
        """Check what depends on more than one setting."""
        check_accelerator("Trainer", self.accelerator_type, self.accelerator_count)

    def worker_pool_specs(self) -> list[dict[str, Any]]:
        """The job's one worker pool, without arguments and environment.

        Ports and parameters are still in their places; `GetWorkerPoolSpecsOp` fills them in
        and splits several replicas into a chief and workers, as Vertex AI wants them.
        """
        machine = {
            "machine_type": self.machine_type,
            "accelerator_type": self.accelerator_type,
            "accelerator_count": self.accelerator_count,
        }
        return [
            {
                "machine_spec": machine,
                "replica_count": self.replicas,
                "disk_spec": {
                    "boot_disk_type": self.boot_disk_type,
                    "boot_disk_size_gb": self.boot_disk_size_gb,
                },
                "container_spec": {
                    "image_uri": self.image,
                    "command": ["python", "-m", self.module],
                    "args": [],
                },
            }
        ]
