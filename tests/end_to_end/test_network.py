"""A local run speaks to this machine alone."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import Ended, Served


@pytest.fixture
def places(network, first: Ended, below: Ended, served: Served) -> list[str]:
    """What all processes of three runs, engines, jobs and servers, looked up or connected to."""
    return network.read_text().splitlines()


def test_only_this_machine_is_spoken_to(places):
    strange = {place for place in places if not _is_here(place.partition(" ")[2])}
    assert strange == set()


def test_connections_are_seen(places):
    assert "connect 127.0.0.1" in places


def _is_here(place: str) -> bool:
    return place.startswith(("127.", "/")) or place in ("localhost", "::1", "None", "0.0.0.0")
