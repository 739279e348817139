"""What the pages read of a place, by the package's own calls: against an engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import attrs
import pytest
from pytest_mock import MockerFixture

from tests.cloud.fake import Asked, FakeCloud, Refused, fake_cloud
from tests.jobs import NAME, job, task
from tests.loopback import PARENT, Loopback, context_at, error, serving
from tests.samples import Fail, Sleep, Source
from tests.ui.flows import eventually
from tests.ui.told import MODEL, ToldSite, facts
from vertex_flow import Flow, GcpContext, Param, Run
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import ApiError, RunFailed, SettingError
from vertex_flow.report.facts import RunFacts, StageFacts
from vertex_flow.report.snapshot import Artifact
from vertex_flow.ui.site import Count, Counts, Site

JOB = f"{PARENT}/customJobs/7"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site") / "home"
    with EmbeddedEngine.start(home, standing=True):
        context = GcpContext.local(home)
        small = Flow("small", [Source(size=Param("size", 3))])
        small.run(context, job_id="small-1", labels={"team": "blue"}, progress=None)
        with pytest.raises(RunFailed):
            Flow("failing", [Fail()]).run(context, job_id="failing-1", progress=None)
        yield Site(context)


LOADED = """
import sys
import vertex_flow.ui.site
print(*(name in sys.modules for name in ("vertex_flow.client", "google.cloud.aiplatform_v1")))
"""


def test_clients_are_loaded_when_somebody_looks() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_its_place_in_words(site: Site) -> None:
    assert site.place == f"this machine, {site.context.home}"


def test_the_place_of_a_project_in_words() -> None:
    assert Site(GcpContext(project="acme")).place == "project acme, us-central1"


def ids(site: Site, **wanted: str) -> list[str]:
    return [one.job_id for one in site.search(site.runs(), **wanted)]


def test_all_runs_the_newest_first(site: Site) -> None:
    assert ids(site)[-2:] == ["failing-1", "small-1"]


@pytest.mark.parametrize(
    "wanted",
    [{"flow": "small"}, {"state": "SUCCEEDED"}, {"words": "SMALL"}, {"words": "Team=Blue"}],
)
def test_runs_are_found(site: Site, wanted: dict[str, str]) -> None:
    assert ids(site, **wanted) == ["small-1"]


def test_a_search_reads_no_list_again(site: Site, mocker: MockerFixture) -> None:
    listed = mocker.spy(Run, "list")
    assert ids(site, flow="small", state="SUCCEEDED") == ["small-1"]
    assert listed.call_count == 1


@pytest.mark.parametrize("wanted", [{"flow": "small"}, {"state": "SUCCEEDED"}])
def test_a_search_finds_runs_before_the_newest(
    site: Site, wanted: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertex_flow.ui.site._MOST", 1)
    assert "small-1" not in ids(site)
    assert ids(site, **wanted) == ["small-1"]


def test_a_run_is_taken_up_once(site: Site) -> None:
    assert site.run("small-1") is site.run("small-1")


def test_a_run_that_is_over_is_read_once(site: Site) -> None:
    assert site.facts("small-1") is site.facts("small-1")


def test_a_run_is_read_once_for_all_that_ask_at_once(site: Site, mocker: MockerFixture) -> None:
    fresh, gathered = Site(site.context), mocker.spy(Run, "facts")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fresh.facts, ["small-1"] * 4))
    assert (gathered.call_count, len({id(one) for one in found})) == (1, 1)


@pytest.fixture
def odd() -> Iterator[Loopback]:
    """A project with a failed run, whose job may not be read."""
    inside = {"containerDetail": {"mainJob": JOB}}
    details = (
        task(1, "fit", "FAILED"), task(2, "make-model", "FAILED", parent=1, executorDetail=inside),
    )  # fmt: skip
    with serving() as server:
        server.on(f"GET /v1/{NAME}", job("FAILED", *details))
        server.on(f"GET /v1/{PARENT}/customJobs", {})
        server.on(f"GET /v1/{JOB}", error(403, "PERMISSION_DENIED", "not yours"), code=403)
        yield server


def test_what_could_not_be_read_of_a_run_that_is_over_is_tried_again(odd: Loopback) -> None:
    site = Site(context_at(odd.url))
    first = site.facts("sample-1")
    assert first.notes == (f"the job {JOB} could not be read: not yours",)
    quota = {"message": "quota metrics exceed quota limits: x.y/z"}
    odd.on(f"GET /v1/{JOB}", {"name": JOB, "error": quota})
    site._facts["sample-1"] = attrs.evolve(site._facts["sample-1"], until=0.0)
    second = site.facts("sample-1")
    assert second.failure is not None
    assert (second.failure["cause"][:15], second.notes) == ("the quota x.y/z", ())
    assert site.facts("sample-1") is second


def test_what_could_not_be_read_is_not_tried_at_every_look(odd: Loopback) -> None:
    site = Site(context_at(odd.url))
    first = site.facts("sample-1")
    site._facts["sample-1"] = attrs.evolve(site._facts["sample-1"], until=float("inf"))
    assert site.facts("sample-1") is first


def test_facts_of_a_failed_run_say_why(site: Site) -> None:
    failure = site.facts("failing-1").failure
    assert failure is not None
    assert "no luck today" in failure["reason"]


def test_a_running_run_is_read_in_parts(site: Site, mocker: MockerFixture) -> None:
    running = Flow("sleeping", [Sleep()]).run(
        site.context, job_id="sleeping-1", wait=False, progress=None
    )
    eventually(lambda: running.stages and running.stages[0].state == "RUNNING")
    first = site.facts("sleeping-1")
    gathered = mocker.spy(Run, "facts")
    site._facts["sleeping-1"] = attrs.evolve(site._facts["sleeping-1"], until=float("inf"))
    second = site.facts("sleeping-1")
    assert (second.stages, gathered.call_count) == (first.stages, 0)
    running.cancel()
    eventually(lambda: running.snapshot().is_over)
    assert site.facts("sleeping-1").state == "CANCELLED"


def test_a_project_is_asked_less_often_than_this_machine(site: Site) -> None:
    assert site.pause < Site(GcpContext(project="acme")).pause


def test_a_run_that_is_not_there(site: Site) -> None:
    with pytest.raises(ApiError):
        site.facts("nowhere")


def test_what_is_no_id_of_a_run(site: Site) -> None:
    with pytest.raises(SettingError):
        site.facts("<b>")


def test_the_logs_of_each_stage_on_this_machine(site: Site) -> None:
    logs = site.logs(site.facts("small-1"), ["source"], lines=5)
    assert list(logs) == ["source"]
    assert logs["source"].startswith("==> pipelineJobs/small-1/source.make-data.log <==\n")


@attrs.define
class Project:
    """A run in the cloud, and Cloud Logging, which has a line of two of its stages.

    Attributes:
        site: What pages read of it.
        facts: The run.
        cloud: Cloud Logging.
    """

    site: Site
    facts: RunFacts
    cloud: FakeCloud

    def logs(self, *stages: str) -> dict[str, str]:
        """Read the logs of some stages."""
        return self.site.logs(self.facts, stages, lines=2)

    @property
    def queries(self) -> list[str]:
        """What Cloud Logging was asked for."""
        return [one.body["filter"] for one in self.cloud.asked]


def said(text: str, job: str, **labels: str) -> dict[str, Any]:
    """An entry of Cloud Logging of a job."""
    return {"textPayload": text, "resource": {"labels": {"job_id": job, **labels}}}


def found(entries: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
    """Give those entries whose job is asked for."""
    query = asked.body["filter"]
    return {
        "entries": [one for one in entries if f'"{one["resource"]["labels"]["job_id"]}"' in query]
    }


@pytest.fixture
def project() -> Iterator[Project]:
    fit, score = (
        {"containerDetail": {"mainJob": f"{PARENT}/customJobs/{name}"}} for name in ("7", "8")
    )
    details = [
        task(1, "fit", "RUNNING", executorDetail=fit),
        task(2, "score", "RUNNING", executorDetail=score),
    ]
    newest_first = [said("c", "7"), said("0.9", "8", task_name="workerpool1-0"), said("a\nb", "7")]
    with serving() as server, fake_cloud() as cloud:
        server.on(f"GET /v1/{NAME}", job("RUNNING", *details))
        cloud.serve("logging.v2", {"logging.entries.list": partial(found, newest_first)})
        context = attrs.evolve(
            context_at(server.url),
            api_endpoints={"aiplatform": server.url, "logging": cloud.url},
        )
        told = facts(name=NAME, job_id="sample-1")
        yield Project(Site(context), told, cloud)


def test_all_stages_of_a_run_in_the_cloud_are_asked_for_at_once(project: Project) -> None:
    expected = {"fit": "b\nc", "score": "workerpool1-0  0.9"}
    assert [project.logs("fit", "score") for _ in range(3)] == [expected] * 3
    assert len(project.queries) == 1
    assert 'resource.labels.job_id=("7" OR "8")' in project.queries[0]


def test_one_stage_of_a_run_in_the_cloud_is_asked_for_alone(project: Project) -> None:
    assert project.logs("score") == {"score": "workerpool1-0  0.9"}
    assert project.queries == ['resource.type="ml_job" resource.labels.job_id=("8")']


def test_without_a_stage_the_cloud_is_not_asked(project: Project) -> None:
    assert (project.logs(), project.queries) == ({}, [])


def test_logs_that_may_not_be_read_say_why(project: Project) -> None:
    """The rest of a page is there all the same."""
    project.cloud.trouble("logging.entries.list", Refused(403, "PERMISSION_DENIED", "not yours"))
    logs = project.logs("fit", "score")
    assert set(logs) == {"fit", "score"}
    assert logs["fit"].startswith("The log cannot be read: 403 PERMISSION_DENIED: not yours")


def test_no_models_and_no_endpoints(site: Site) -> None:
    assert (site.models(), site.endpoints()) == ((), ())


def test_an_endpoint_that_is_not_there(site: Site) -> None:
    with pytest.raises(SettingError, match="there is no endpoint 'x'"):
        site.endpoint("x")


def test_an_engine_counts_predictions(site: Site) -> None:
    counts = site.counts()
    assert counts is not None
    assert counts.endpoints == {}


def test_a_project_counts_them_elsewhere() -> None:
    site = Site(GcpContext(project="acme", api_endpoints={"aiplatform": "http://127.0.0.1:1"}))
    assert site.counts() is None


COUNTS = Counts.of(
    {
        "since": "2026-01-02T03:04:05+00:00",
        "endpoints": {"e": {"1": {"requests": 3, "failed": 1, "last": None}}},
    }
)


def test_counts_of_a_model() -> None:
    assert COUNTS.of_model("e", "1") == Count(3, 1)


def test_counts_of_a_model_that_was_not_asked() -> None:
    assert COUNTS.of_model("e", "2") == Count(0, 0)


def test_counts_of_an_endpoint() -> None:
    assert (COUNTS.total("e"), COUNTS.total("f")) == (3, 0)


def test_the_run_that_has_registered_a_version() -> None:
    site = ToldSite(facts())
    assert site.maker(MODEL, "1") is site.told


def test_a_version_that_no_run_has_registered() -> None:
    assert ToldSite(facts()).maker(MODEL, "2") is None


def test_a_version_is_looked_for_again_while_a_run_may_still_register_it() -> None:
    site = ToldSite(facts())
    assert site.maker(MODEL, "2") is None
    registered = Artifact("google.VertexModel", "", {"resourceName": f"{MODEL}@2"})
    stage = StageFacts(name="register", state="SUCCEEDED", artifacts={"model": registered})
    site.told = facts(stages=(stage,), state="SUCCEEDED")
    assert site.maker(MODEL, "2") is site.told


def test_the_run_of_a_version_is_looked_for_again_while_not_all_of_it_could_be_read() -> None:
    site = ToldSite(facts(state="SUCCEEDED", notes=("a job could not be read",)))
    site.maker(MODEL, "1")
    site.told = facts(state="SUCCEEDED", notes=())
    found = site.maker(MODEL, "1")
    assert found is site.told
    site.told = facts(state="SUCCEEDED", notes=())
    assert site.maker(MODEL, "1") is found
