"""Training pipelines: a custom or tuning job, and the model that it leaves in the registry."""

from vertex_flow.engine.training_pipelines.fields import FIELDS, NOTES
from vertex_flow.engine.training_pipelines.service import TrainingPipelines

__all__ = ["FIELDS", "NOTES", "TrainingPipelines"]
