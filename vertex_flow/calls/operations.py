"""Long-running operations: waited for in one way, and their errors worded like refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vertex_flow.calls.patience import Patience
from vertex_flow.calls.refusals import operation_fault, worded
from vertex_flow.errors import ApiError

_LONGEST = 1800.0  # how long an operation may take, in seconds
_LONGEST_PAUSE = 5.0


def finished(
    operation: Mapping[str, Any],
    read: Callable[[str], Mapping[str, Any]],
    *,
    patience: Patience,
    project: str | None,
) -> dict[str, Any]:
    """Wait for an operation, at most half an hour, and give its response.

    Args:
        operation: What a request answered, as the REST API has it.
        read: Reads it again, by its name.
        patience: How it is waited.
        project: The project, for the command lines in errors.

    Raises:
        ApiError: It failed, or takes longer; with the cause and the fix where they are known.
    """
    name, pause, waited = str(operation.get("name", "")), 0.1, 0.0
    while not operation.get("done"):
        if waited > _LONGEST:
            raise ApiError(504, "DEADLINE_EXCEEDED", f"{name} is not done after {waited:g} s")
        patience.sleep(pause)
        waited, pause = waited + pause, min(pause * 1.5, _LONGEST_PAUSE)
        operation = read(name)
    error = operation.get("error") or {}
    if error.get("code"):
        raise worded(operation_fault(name, error), project=project)
    return dict(operation.get("response", {}))
