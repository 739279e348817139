"""Vertex AI's API, the parts of it that this package uses."""

from __future__ import annotations

import attrs

from vertex_flow.client.endpoints import Endpoints
from vertex_flow.client.jobs import Jobs
from vertex_flow.client.metadata import Metadata
from vertex_flow.client.pipelines import Pipelines
from vertex_flow.client.schedules import Schedules
from vertex_flow.client.tensorboards import Tensorboards


@attrs.define(eq=False, slots=False)
class Client(Pipelines, Jobs, Endpoints, Schedules, Tensorboards, Metadata):
    """Vertex AI's API at one endpoint: its arguments are those of `Caller`."""
