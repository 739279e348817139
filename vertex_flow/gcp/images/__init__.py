"""Training images: built where they are missing, found by what they are made of.

What is sent is found by `build_context`, with the rules of `.dockerignore` and of files that never
travel; it is built by Cloud Build or by Docker, and its tag follows from its sources.
"""

from vertex_flow.gcp.images.images import Builder, build_image, image_of

__all__ = ["Builder", "build_image", "image_of"]
