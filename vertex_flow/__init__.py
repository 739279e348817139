"""Pipelines for Vertex AI from a list of stages, on this machine and in the cloud."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vertex_flow._version import __version__

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.contract import Inputs, Outputs, Stage, stage
    from vertex_flow.flow import Flow
    from vertex_flow.graph import When
    from vertex_flow.ports import In, Out, Param, Port, Value
    from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel
    from vertex_flow.runs.run import Run
    from vertex_flow.schedules.schedule import Schedule
    from vertex_flow.search import Categorical, Discrete, Double, Integer
    from vertex_flow.training import Trainer

__all__ = [
    "Categorical",
    "DeployedEndpoint",
    "Discrete",
    "Double",
    "Flow",
    "GcpContext",
    "In",
    "Inputs",
    "Integer",
    "Out",
    "Outputs",
    "Param",
    "Port",
    "RegisteredModel",
    "Run",
    "Schedule",
    "Stage",
    "Trainer",
    "Value",
    "When",
    "__version__",
    "stage",
]

_HOMES = {
    "Categorical": "search",
    "DeployedEndpoint": "runs.outcomes",
    "Discrete": "search",
    "Double": "search",
    "Flow": "flow",
    "GcpContext": "context",
    "In": "ports",
    "Inputs": "contract",
    "Integer": "search",
    "Out": "ports",
    "Outputs": "contract",
    "Param": "ports",
    "Port": "ports",
    "RegisteredModel": "runs.outcomes",
    "Run": "runs.run",
    "Schedule": "schedules.schedule",
    "Stage": "contract",
    "Trainer": "training",
    "Value": "ports",
    "When": "graph",
    "stage": "contract",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
