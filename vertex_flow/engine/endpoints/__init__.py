"""Endpoints: deployed models, their servers, and the traffic between them."""

from vertex_flow.engine.endpoints.service import FIELDS, NOTES, REFUSED_METHODS, Endpoints

__all__ = ["FIELDS", "NOTES", "REFUSED_METHODS", "Endpoints"]
