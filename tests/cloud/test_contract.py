"""What holds for a Google Cloud project, be it on the loopback interface or a real one.

Without more, the project is an empty one on this machine. The same tests run against a real
project, which they set up, use, and take down again:

    make cloud VERTEX_FLOW_TEST_PROJECT=my-project

There they take about an hour, and cost a few dollars: a training job, an image, an endpoint. What
they make carries the label `vertex-flow`, a bucket and a repository of their own, and is removed in
the end.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.cloud.whole import whole_cloud
from vertex_flow import Flow, GcpContext, Run, Trainer
from vertex_flow.schedules.schedule import Schedule
from vertex_flow.stages import Deploy, ImportDataset, Register, Train

FIT = """
import argparse
import os
from pathlib import Path

import joblib
from sklearn.linear_model import LinearRegression

parser = argparse.ArgumentParser()
parser.add_argument("--train_data")
data = Path(parser.parse_args().train_data.replace("gs://", "/gcs/"))
rows = [tuple(map(float, line.split(","))) for line in data.read_text().split()]
model = LinearRegression().fit([[x] for x, _ in rows], [y for _, y in rows])
folder = Path(os.environ["AIP_MODEL_DIR"].replace("gs://", "/gcs/"))
folder.mkdir(parents=True, exist_ok=True)
joblib.dump(model, folder / "model.joblib")
"""
SERVING = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest"
PLACES = ["loopback", pytest.param("cloud", marks=pytest.mark.cloud)]


@attrs.define
class Site:
    """A project, code to train in it, and what came of it so far."""

    context: GcpContext
    folder: Path
    sent: Any = None
    run: Run | None = None

    @property
    def trainer(self) -> Trainer:
        """Fits a line."""
        return Trainer(module="line.fit", source=str(self.folder), base_image="python:3.11-slim")

    @property
    def data(self) -> str:
        """Where the points of the line are."""
        return f"{self.context.data_root}/line.csv"

    def flow(self) -> Flow:
        """From the points to an endpoint that goes after some hours."""
        data = ImportDataset(self.data)
        train = Train(self.trainer, train_data=data.dataset)
        return Flow("line", [data, train, Register(serving_image=SERVING), Deploy(expires="4h")])


def _sources(folder: Path) -> Path:
    package = folder / "sources" / "line"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "fit.py").write_text(FIT)
    (package / "requirements.txt").write_text("scikit-learn==1.5.2\njoblib\n")
    (folder / "line.csv").write_text("0,0\n1,2\n2,4\n")
    return package.parent


def _real_context() -> GcpContext:
    project = os.environ.get("VERTEX_FLOW_TEST_PROJECT")
    if not project:
        pytest.skip("VERTEX_FLOW_TEST_PROJECT names no project")
    mark = secrets.token_hex(3)
    return GcpContext(
        project=project,
        location=os.environ.get("VERTEX_FLOW_TEST_LOCATION", "us-central1"),
        bucket=f"{project}-vf-test-{mark}",
        repository=f"vf-test-{mark}",
    )


@pytest.fixture(scope="module", params=PLACES)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    sources = _sources(folder)
    if request.param == "cloud":
        context = _real_context()
        yield Site(context, sources)
        context.teardown(yes=True, data=True)  # what a test that failed has left
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(sources)  # where the engine runs what an image of the registry names
        with whole_cloud(folder / "home") as whole:
            yield Site(whole.context, sources, whole.vertex.between)


def test_what_is_missing_is_named_with_its_fix(site: Site) -> None:
    wanting = {one.name: one.fix for one in site.context.doctor().findings if one.state != "ok"}
    assert {"bucket", "repository", "roles on the bucket"} <= set(wanting)
    assert all(wanting.values())


def test_after_setting_up_nothing_is_missing(site: Site) -> None:
    site.context.setup(say=print)
    diagnosis = site.context.doctor(site.flow())
    assert diagnosis.ok, str(diagnosis)


def test_setting_up_again_changes_nothing(site: Site) -> None:
    assert site.context.setup().changes == ()


def test_data_goes_there_and_comes_back(site: Site, tmp_path: Path) -> None:
    points = site.folder.parent / "line.csv"
    assert site.context.upload(points, site.data, progress=False).copied == 1
    assert site.context.upload(points, site.data, progress=False).skipped == 1
    site.context.download(site.data, tmp_path / "back.csv", progress=False)
    assert (tmp_path / "back.csv").read_bytes() == points.read_bytes()


def test_the_image_is_built_once(site: Site) -> None:
    said: list[str] = []
    first = site.context.build_image(site.trainer)
    assert "@sha256:" in first
    assert site.context.build_image(site.trainer, say=said.append) == first


def test_a_run_ends_with_an_endpoint(site: Site) -> None:
    site.run = site.flow().run(site.context)
    endpoint = site.run.endpoint
    assert endpoint is not None
    assert [round(one, 6) for one in endpoint.predict([[5.0]])] == [10.0]


def test_what_was_sent_has_no_unknown_fields(site: Site) -> None:
    if site.sent is None:
        pytest.skip("nothing stands between a real project and its caller")
    assert site.sent.problems == []
    assert site.sent.bodies("POST")


def test_another_program_attaches_to_the_run(site: Site) -> None:
    assert site.run is not None
    found = Run.attach(site.context, site.run.job_id)
    assert found.as_json()["state"] == "SUCCEEDED"


def test_a_schedule_is_made_changed_and_deleted(site: Site) -> None:
    flow = site.flow()
    made = flow.schedule(site.context, "0 3 1 1 *")
    assert flow.schedule(site.context, "0 4 1 1 *", timezone="Europe/Berlin").name == made.name
    assert made.pause().state == "PAUSED"
    assert made.resume().cron == "TZ=Europe/Berlin 0 4 1 1 *"
    made.delete()
    assert made.name not in [one.name for one in Schedule.list(site.context)]


def test_what_costs_money_is_listed_and_stays_until_it_expires(site: Site) -> None:
    assert site.run is not None
    assert site.run.endpoint is not None
    leftovers = site.context.clean()
    assert leftovers.removed == ()
    assert site.run.endpoint.name in str(leftovers.as_json())


def test_after_the_taking_down_nothing_of_it_is_left(site: Site) -> None:
    assert site.run is not None
    assert site.run.endpoint is not None
    with site.context.apis as apis:
        endpoint = apis.vertex.get_endpoint(site.run.endpoint.name)
        for one in endpoint.deployed_models:
            apis.vertex.undeploy_model(endpoint.name, one.id, {})
        apis.vertex.delete_endpoint(endpoint.name)
    site.context.teardown(yes=True, data=True)
    assert site.context.teardown().gone == ()
