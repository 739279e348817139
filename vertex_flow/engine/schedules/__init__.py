"""Schedules: pipelines that start by the clock."""

from vertex_flow.engine.schedules.service import FIELDS, NOTES, Schedules

__all__ = ["FIELDS", "NOTES", "Schedules"]
