"""The reusable KFP components: each is one self-contained step, usable in any KFP pipeline.

Example:
    ```python
    from kfp import dsl
    from vertex_flow.components import PreprocessingOp

    @dsl.pipeline(name="split")
    def split(uri: str):
        data = dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset)
        PreprocessingOp(dataset=data.output, test_fraction=0.2)
    ```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vertex_flow.components.add_serving_config import AddServingConfigOp
    from vertex_flow.components.evaluate import EvaluateOp
    from vertex_flow.components.find_model import FindModelOp
    from vertex_flow.components.find_or_create_endpoint import FindOrCreateEndpointOp
    from vertex_flow.components.get_custom_job_results import GetCustomJobResultsOp
    from vertex_flow.components.get_hyperparameter_tuning_job_results import (
        GetHyperparameterTuningJobResultsOp,
    )
    from vertex_flow.components.get_training_args_dict import GetTrainingArgsDictOp
    from vertex_flow.components.get_worker_pool_specs import GetWorkerPoolSpecsOp
    from vertex_flow.components.preprocessing import PreprocessingOp
    from vertex_flow.components.undeploy_idle_models import UndeployIdleModelsOp

__all__ = [
    "AddServingConfigOp",
    "EvaluateOp",
    "FindModelOp",
    "FindOrCreateEndpointOp",
    "GetCustomJobResultsOp",
    "GetHyperparameterTuningJobResultsOp",
    "GetTrainingArgsDictOp",
    "GetWorkerPoolSpecsOp",
    "PreprocessingOp",
    "UndeployIdleModelsOp",
]


def __getattr__(name: str) -> Any:
    """Load a component when it is first asked for: kfp takes a second to import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    words = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    module = import_module(f"{__name__}.{words.removeprefix('_').removesuffix('_op')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return __all__
