"""Pipelines for Vertex AI from a list of stages."""

from vertex_flow._version import __version__

__all__ = ["__version__"]
