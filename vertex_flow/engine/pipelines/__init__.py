"""Pipeline jobs: any pipeline that the KFP v2 compiler emits, run on this machine."""

from __future__ import annotations

from vertex_flow.engine.pipelines.fields import FIELDS, NOTES
from vertex_flow.engine.pipelines.service import PipelineJobs

__all__ = ["FIELDS", "NOTES", "PipelineJobs"]
