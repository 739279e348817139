"""Vertex AI's REST API: methods, messages, errors, and the HTTP server in front of them."""
