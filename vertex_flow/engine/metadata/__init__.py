"""The Metadata service: artifacts, executions, contexts and their lineage."""

from vertex_flow.engine.metadata.fields import FIELDS, NOTES
from vertex_flow.engine.metadata.service import MetadataStores

__all__ = ["FIELDS", "NOTES", "MetadataStores"]
