"""The bucket that a transfer is with, for as long as it takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from vertex_flow.apis import Apis
from vertex_flow.calls import Patience
from vertex_flow.gcp.transfer.buckets import Bucket
from vertex_flow.gcp.transfer.cloud import CloudBucket
from vertex_flow.gcp.transfer.local import LocalBucket
from vertex_flow.place import Place


@contextmanager
def opened(
    place: Place, name: str, stop: threading.Event, patience: Patience | None
) -> Iterator[Bucket]:
    """Open a bucket of Cloud Storage, or of this machine.

    Args:
        place: Where it is.
        name: Its name.
        stop: Set when what is underway should end; pauses end then too.
        patience: How often a request is tried; by default as everywhere.
    """
    if place.home is not None:
        yield LocalBucket(place.home, name, stop)
        return

    def pause(seconds: float) -> None:
        stop.wait(seconds)

    patient = patience or Patience(sleep=pause)
    apis = Apis(place.project, place.location, place.credentials, place.endpoints, patient)
    with apis:
        yield CloudBucket(apis, name, stop)
