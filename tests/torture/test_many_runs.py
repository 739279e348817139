"""Runs one after the other and at the same time: each is right, and none leaves anything behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.torture.pipelines import pools, spec_of, tiny, trained
from tests.torture.place import Place
from vertex_flow.engine.jobs.replicas import cores

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

WARM_UP = 6  # runs, one of each kind
LEAST_THREADS = 3
TINY = {cache: spec_of(tiny, cache=cache) for cache in (True, False)}
TRAINED = spec_of(trained)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("many"))
    yield place
    place.close()


@attrs.frozen
class Runs:
    """Python tasks, containers and custom jobs, with the cache and without it."""

    place: Place
    mark: Path

    def start(self, number: int) -> str:
        if number % 6 == 0:
            return self.place.create(TRAINED, number=number, pools=pools(str(self.mark)))
        return self.place.create(TINY[number % 3 == 1], number=number % 5 + 1)

    def check(self, number: int, job: dict[str, Any]) -> None:
        assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
        given = {
            one["taskName"]: one["execution"]["metadata"] for one in job["jobDetail"]["taskDetails"]
        }
        if number % 6 == 0:
            assert given["count"]["output:Output"] == number + 1
        else:
            assert given["total"]["output:result"] == number % 5 + 1

    def one_after_the_other(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.check(number, self.place.finish(self.start(number)))

    def at_once(self, numbers: Sequence[int]) -> int:
        """Start all and wait for them; give how many processes there were at most."""
        names = {number: self.start(number) for number in numbers}
        most = 0
        while not all(map(self.place.over, names.values())):
            most = max(most, self.place.holds()["processes"])
        for number, name in names.items():
            self.check(number, self.place.job(name))
        return most


@pytest.fixture
def runs(place: Place, tmp_path: Path) -> Runs:
    return Runs(place, tmp_path / "mark")


LITTLE = pytest.param(12, 6)
MUCH = pytest.param(200, 20, marks=[pytest.mark.torture, pytest.mark.timeout(1800)])


@pytest.mark.parametrize(("after", "once"), [LITTLE, MUCH])
def test_runs_leave_nothing_behind(runs: Runs, after: int, once: int) -> None:
    place = runs.place
    began = len(place.list("pipelineJobs"))
    runs.one_after_the_other(range(WARM_UP))
    warm, resident, stored = place.holds(), place.resident(), place.stored()
    started = time.monotonic()

    runs.one_after_the_other(range(after))
    seconds = time.monotonic() - started
    most = runs.at_once(range(once))

    count = after + once
    grown, added = place.resident() - resident, place.stored() - stored
    print(
        f"\n{after} runs in {seconds:.0f} s, then {once} at once with {most} processes at most; "
        f"memory {resident >> 20} MiB + {grown >> 10} KiB, database + {added // count} bytes a run"
    )
    assert len(place.list("pipelineJobs")) == began + WARM_UP + count
    _settle(place, warm)
    assert place.notes() == 0
    # The engine itself, its warm parents, and twice what has a slot: shells have children.
    assert most <= 6 + 4 * max(2, cores())
    assert grown < 4_000_000 + count * 50_000
    assert added < 100_000 + count * 20_000
    assert place.log_size() < 10_000_000


def _settle(place: Place, warm: dict[str, int]) -> None:
    """Wait until no more is held than after a few runs, but for the threads that are kept."""
    pool = min(32, (os.cpu_count() or 1) + 4)
    most = {**warm, "threads": LEAST_THREADS + pool}
    while not all(place.holds()[name] <= count for name, count in most.items()):
        time.sleep(0.1)
