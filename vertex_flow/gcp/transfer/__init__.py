"""Data to and from buckets: side by side, going on where it was cut, and only what is missing."""

from vertex_flow.gcp.transfer.downloading import download
from vertex_flow.gcp.transfer.outcome import Transfer
from vertex_flow.gcp.transfer.uploading import upload

__all__ = ["Transfer", "download", "upload"]
