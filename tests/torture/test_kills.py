"""The engine is killed with SIGKILL again and again, and what it was doing is done all the same."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.torture.pipelines import pools, small, spec_of
from tests.torture.place import Place, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


def states(job: dict[str, Any]) -> dict[str, str]:
    return {one["taskUniqueName"]: one["state"] for one in job["jobDetail"]["taskDetails"]}


def test_a_flow_that_is_killed_at_every_turn(place: Place, tmp_path: Path) -> None:
    """Killed when a task has just begun, has just ended, during a job, and as the engine starts."""
    mark, trained = tmp_path / "mark", tmp_path / "trained"
    for file in (mark, trained):
        file.touch()
    turns = [(mark, "first\n"), (mark, "first:done\n"), (mark, "item\n"), (trained, "train\n")]
    name = place.create(
        spec_of(small),
        mark=str(mark),
        number=2,
        seconds=0.3,
        pools=pools(str(trained), seconds=0.5),
    )
    for file, text in turns:
        until(lambda: text in file.read_text())  # noqa: B023 - called at once
        place.kill()
    place.kill()
    job = place.finish(name)

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    other = [state for state in states(job).values() if state != "SUCCEEDED"]
    assert other == ["NOT_TRIGGERED"]  # the other branch
    jobs = [one["state"] for one in place.list("customJobs")]
    assert jobs.count("JOB_STATE_SUCCEEDED") == 1
    ends = [line for line in mark.read_text().split() if line.endswith(":done")]
    assert ends.count("exit:done") == 1
    assert place.notes() == 0


FAR = 16.0  # longest time between two kills, in seconds
KILLS = 50


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_mnist_is_killed_50_times(place: Place, tmp_path: Path) -> None:
    """The flow of the example, again and again; each run gives the answer of the first."""
    mnist = Mnist(place, tmp_path)
    answer = mnist.run(lambda: False)
    chance = random.Random(50)
    deadline = time.monotonic() + chance.uniform(0.2, FAR)

    def due() -> bool:
        nonlocal deadline
        if time.monotonic() < deadline or place.kills == KILLS:
            return False
        deadline = time.monotonic() + chance.uniform(0.2, FAR)
        return True

    while place.kills < KILLS:
        assert mnist.run(due) == answer
        print(f"{mnist.runs} runs, {place.kills} kills, {answer}")


class Mnist:
    """The MNIST flow on a part of the data, run with nothing taken from the cache."""

    PARENT = "projects/local/locations/us-central1"

    def __init__(self, place: Place, folder: Path) -> None:
        import numpy as np

        sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
        import mnist_data
        from mnist_flow import mnist_flow

        self.flow = mnist_flow()
        self.place = place
        self.runs = 0
        shared = Path(__file__).parents[3] / "shared" / "data" / "mnist_10k.npz"
        found = mnist_data.locate(str(shared) if shared.exists() else "auto", cloud=False)
        self.data = folder / "some.npz"
        with np.load(found) as data:
            counts = {"x_train": 1200, "y_train": 1200, "x_test": 400, "y_test": 400}
            np.savez(self.data, **{name: data[name][:count] for name, count in counts.items()})

    def run(self, due: Any) -> dict[str, Any]:
        """Run the flow to its end, killing the engine whenever that is due; give its answer."""
        from vertex_flow import GcpContext, Run

        params = {"data": str(self.data), "trials": 2, "epochs": 2, "threshold": 0.2}
        context = GcpContext.local(self.place.home)
        name = self.flow.run(context, params=params, enable_caching=False, wait=False).name
        self.runs += 1
        while not self.place.over(name):
            if due():
                self.place.kill()
            time.sleep(0.05)
        run = Run.attach(context, name)
        assert run.state == "SUCCEEDED", run.snapshot().reason
        self._nothing_twice()
        images, _ = self._digits(run)
        return {
            "accuracy": run["evaluate"].metrics["accuracy"],
            "parameters": run["hyper-tune"].outputs["best_parameters"],
            "predictions": [int(max(range(10), key=one.__getitem__)) for one in self._ask(images)],
        }

    def _digits(self, run: Any) -> Any:
        import mnist_data

        return mnist_data.load(run["preprocess"].artifacts["test_data"].uri, 10)

    def _ask(self, images: Any) -> list[list[float]]:
        (endpoint,) = self.place.list("endpoints", self.PARENT)
        body = {"instances": images.tolist()}
        answers: list[list[float]] = self.place.call("POST", f"{endpoint['name']}:predict", body)[
            "predictions"
        ]
        return answers

    def _nothing_twice(self) -> None:
        """See that each run has left one version, one finished job, and one served model."""
        (model,) = self.place.list("models", self.PARENT)
        assert model["versionId"] in ("1", str(self.runs))
        versions = self.place.call("GET", f"{model['name']}:listVersions", pageSize=1000)["models"]
        assert len(versions) == self.runs
        (endpoint,) = self.place.list("endpoints", self.PARENT)
        assert [one["modelVersionId"] for one in endpoint["deployedModels"]] == [str(self.runs)]
        done = [
            job["displayName"]
            for job in self.place.list("customJobs", self.PARENT)
            if job["state"] == "JOB_STATE_SUCCEEDED"
        ]
        assert sum("train" in name for name in done) == self.runs, done
        assert self.place.notes() == 0
