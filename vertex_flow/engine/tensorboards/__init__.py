"""TensorBoard instances with their experiments, runs and time series."""

from vertex_flow.engine.tensorboards.fields import FIELDS, NOTES
from vertex_flow.engine.tensorboards.service import Tensorboards
from vertex_flow.engine.tensorboards.uploads import Uploads

__all__ = ["FIELDS", "NOTES", "Tensorboards", "Uploads"]
