"""The limit of what a run may cost, among its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vertex_flow.context import GcpContext
from vertex_flow.cost.estimate import check_cost
from vertex_flow.errors import SettingError
from vertex_flow.graph import Graph


def check_options(
    graph: Graph, context: GcpContext, params: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Refuse a run that may cost more than its options allow: `max_cost`, with `hours`.

    Args:
        graph: The wired stages.
        context: Where it is to run.
        params: Values for pipeline parameters, by name.
        options: Those of `Flow.run`.

    Raises:
        CostError: It may cost more, or what it costs is not known.
        SettingError: The limit or the hours are none.
    """
    limit, hours = options.get("max_cost"), options.get("hours")
    if limit is not None:
        check_cost(graph, context, params, limit, hours=hours)
    elif hours is not None:
        raise SettingError(
            f"Flow.run(hours={hours!r}): they are for the estimate that max_cost is compared "
            "with. Give max_cost too."
        )
