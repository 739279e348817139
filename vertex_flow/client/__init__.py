"""The only package that speaks to Vertex AI: by Google's own clients, local or cloud alike."""

from vertex_flow.client.calling import SCOPE, named
from vertex_flow.client.client import Client

__all__ = ["SCOPE", "Client", "named"]
