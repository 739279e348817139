"""Training pipelines: a custom or tuning job, and the model that it leaves in the registry."""

from vertex_flow.engine.training_pipelines.service import FIELDS, NOTES, TrainingPipelines

__all__ = ["FIELDS", "NOTES", "TrainingPipelines"]
