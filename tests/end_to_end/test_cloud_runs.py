"""Whole runs on Vertex AI, with the engine in the place of the cloud: training, a failure, an
endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cloud.fake import FakeCloud, fake_cloud
from tests.cloud.vertex import JOBS, Vertex, vertex_ai
from vertex_flow import Flow, Integer, Run, Trainer
from vertex_flow.errors import RunFailed
from vertex_flow.sources import local_image
from vertex_flow.stages import Deploy, HyperTune, ImportDataset, Register, Train

FIT = """
import argparse, os
import joblib
from sklearn.linear_model import LinearRegression

parser = argparse.ArgumentParser()
parser.add_argument("--train_data")
parser.parse_args()
model = LinearRegression().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
joblib.dump(model, os.path.join(os.environ["AIP_MODEL_DIR"], "model.joblib"))
"""
SERVING = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
TRAINING = "https://console.cloud.google.com/vertex-ai/locations/us-central1/training"


@attrs.frozen
class Site:
    """A project, and a folder with training code.

    Attributes:
        cloud: Vertex AI.
        logging: Cloud Logging.
        folder: The code.
    """

    cloud: Vertex
    logging: FakeCloud
    folder: Path

    def trainer(self, name: str, code: str, **settings: Any) -> Trainer:
        """A trainer whose module is a text."""
        (self.folder / f"{name}.py").write_text(code)
        return Trainer(module=name, source=str(self.folder), **settings)

    def run(self, flow: Flow, trainer: Trainer, **options: Any) -> Run:
        """Run a flow with the code of a trainer as its training image."""
        image = {"training_image": local_image(trainer)}
        return flow.run(self.cloud.context, params=image, progress=None, **options)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    data = folder / "home" / "storage" / "acme-ml" / "data.txt"
    data.parent.mkdir(parents=True)
    data.write_text("data")
    with fake_cloud() as logging:
        logging.serve("logging.v2", {"logging.entries.list": lambda _: {}})
        with vertex_ai(folder / "home", api_endpoints={"logging": logging.url}) as cloud:
            yield Site(cloud, logging, folder)


def flow_of(trainer: Trainer, *more: Any, **settings: Any) -> Flow:
    data = ImportDataset("gs://acme-ml/data.txt")
    return Flow("line", [data, Train(trainer, train_data=data.dataset, **settings), *more])


def test_a_run_ends_with_an_endpoint(site: Site) -> None:
    trainer = site.trainer("fit", FIT)
    flow = flow_of(trainer, Register(serving_image=SERVING), Deploy())
    run = site.run(flow, trainer)
    assert run.endpoint is not None
    assert [round(one, 6) for one in run.endpoint.predict([[5.0]])] == [5.0]
    assert run.as_json()["endpoint"]["name"] == run.endpoint.name
    assert site.cloud.between.count(JOBS) == 1


def test_a_wrong_argument_is_found_in_the_log_of_the_job(site: Site) -> None:
    trainer = site.trainer("fit", FIT)
    with pytest.raises(RunFailed) as caught:
        site.run(flow_of(trainer, args={"epocs": 5}), trainer, job_id="wrong")
    found = caught.value
    assert (found.stage, found.task) == ("train", "custom-training-job")
    assert found.cause == "the training code does not know the arguments --epocs=5."
    assert found.links["job"].startswith(f"{TRAINING}/")


def test_logs_of_a_stage_are_those_of_its_jobs(site: Site) -> None:
    run = Run.attach(site.cloud.context, "wrong")
    (job,) = [one for one in run.snapshot().jobs("train") if "customJobs" in one]
    line = {"textPayload": "task.py: error"}
    site.logging.serve("logging.v2", {"logging.entries.list": lambda _: {"entries": [line]}})
    before = len(site.logging.asked)
    run.logs("train")
    query = site.logging.asked[before].body["filter"]
    assert query == f'resource.type="ml_job" resource.labels.job_id=("{job.rpartition("/")[2]}")'


def test_a_trial_that_fails_is_named(site: Site) -> None:
    trainer = site.trainer("trial", "raise ValueError('no such layer')\n")
    data = ImportDataset("gs://acme-ml/data.txt")
    tune = HyperTune(
        trainer, {"units": Integer(1, 9)}, metric="m", max_trials=1, parallel_trials=1,
        train_data=data.dataset,
    )  # fmt: skip
    with pytest.raises(RunFailed) as caught:
        site.run(Flow("tune", [data, tune]), trainer)
    found = caught.value
    assert (found.stage, found.task) == ("hyper-tune", "hyperparameter-tuning-job")
    assert "trial 1" in found.reason
    assert found.cause.startswith("ValueError: no such layer, raised at ")
