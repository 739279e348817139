"""The console: pages for a browser that show what runs in a place."""

from vertex_flow.ui.opening import console_url

__all__ = ["console_url"]
