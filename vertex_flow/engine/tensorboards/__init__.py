"""TensorBoard instances with their experiments, runs and time series."""

from vertex_flow.engine.tensorboards.service import FIELDS, NOTES, Tensorboards

__all__ = ["FIELDS", "NOTES", "Tensorboards"]
