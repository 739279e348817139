"""The model registry: models with versions and aliases."""

from vertex_flow.engine.models.service import FIELDS, NOTES, Models

__all__ = ["FIELDS", "NOTES", "Models"]
