"""Hyperparameter tuning jobs: trials that are suggested, run and measured."""

from vertex_flow.engine.tuning.service import FIELDS, NOTES, TuningJobs

__all__ = ["FIELDS", "NOTES", "TuningJobs"]
