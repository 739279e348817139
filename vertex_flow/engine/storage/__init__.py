"""Cloud Storage over the engine's folder: buckets and objects, as Google's client asks for them.

A bucket is a folder and an object is a file in it, so what a job writes with `open` is an object
and what a client uploads can be opened. What a file cannot hold, such as custom metadata, is kept
beside the buckets.
"""

from vertex_flow.engine.storage.http import StorageApi

__all__ = ["StorageApi"]
