"""The Metadata service: artifacts, executions, contexts and their lineage."""

from vertex_flow.engine.metadata.etags import renew
from vertex_flow.engine.metadata.fields import FIELDS, NOTES
from vertex_flow.engine.metadata.lineage import Lineage
from vertex_flow.engine.metadata.service import MetadataStores
from vertex_flow.engine.metadata.stores import ensure

__all__ = ["FIELDS", "NOTES", "Lineage", "MetadataStores", "ensure", "renew"]
