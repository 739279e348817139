"""Custom jobs: worker pools whose replicas are processes on this machine."""

from vertex_flow.engine.jobs.service import FIELDS, NOTES, STOPPED, CustomJobs

__all__ = ["FIELDS", "NOTES", "STOPPED", "CustomJobs"]
