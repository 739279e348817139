"""Batch prediction jobs: a model over files, predictions into files."""

from vertex_flow.engine.batch_predictions.fields import FIELDS, NOTES
from vertex_flow.engine.batch_predictions.service import BatchPredictionJobs

__all__ = ["FIELDS", "NOTES", "BatchPredictionJobs"]
