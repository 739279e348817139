"""Endpoints: deployed models, their servers, and the traffic between them."""

from vertex_flow.engine.endpoints.fields import FIELDS, NOTES, REFUSED_METHODS
from vertex_flow.engine.endpoints.service import Endpoints

__all__ = ["FIELDS", "NOTES", "REFUSED_METHODS", "Endpoints"]
