"""The model registry: models with versions and aliases."""

from vertex_flow.engine.models.fields import FIELDS, NOTES, REFUSED_METHODS
from vertex_flow.engine.models.service import Models

__all__ = ["FIELDS", "NOTES", "REFUSED_METHODS", "Models"]
