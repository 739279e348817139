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
    from kfp.dsl.python_component import PythonComponent

    # What `@dsl.component` makes of each function; the checkers would take the plain function.
    AddServingConfigOp: PythonComponent
    EvaluateOp: PythonComponent
    FindModelOp: PythonComponent
    FindOrCreateEndpointOp: PythonComponent
    GetCustomJobResultsOp: PythonComponent
    GetHyperparameterTuningJobResultsOp: PythonComponent
    GetTrainingArgsDictOp: PythonComponent
    GetWorkerPoolSpecsOp: PythonComponent
    PreprocessingOp: PythonComponent
    UndeployIdleModelsOp: PythonComponent

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
