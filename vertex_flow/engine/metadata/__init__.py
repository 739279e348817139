"""The Metadata service: artifacts, executions, contexts and their lineage."""

from vertex_flow.engine.metadata.service import FIELDS, NOTES, MetadataStores

__all__ = ["FIELDS", "NOTES", "MetadataStores"]
