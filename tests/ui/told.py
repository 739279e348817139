"""A place that is made up: what pages show of it, without any engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
from starlette.testclient import TestClient

from vertex_flow.context import GcpContext
from vertex_flow.errors import ApiError, SettingError
from vertex_flow.report.facts import (
    Confusion,
    Curve,
    MachineTime,
    Origin,
    RunFacts,
    Sample,
    Score,
    Search,
    StageFacts,
    TrialFacts,
)
from vertex_flow.report.snapshot import Artifact
from vertex_flow.runs.listing import RunEntry
from vertex_flow.runs.outcomes import DeployedEndpoint, DeployedModel, RegisteredModel
from vertex_flow.ui.app import application
from vertex_flow.ui.entry import Entry
from vertex_flow.ui.site import Count, Counts, Site

PORT = 4321
ENTRY = Entry(secret="the secret", port=PORT)
BASE = f"http://127.0.0.1:{PORT}"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script> [red] \x1b[31m \u202e \U0001f600'
PARENT = "projects/p/locations/us-central1"
MODEL = f"{PARENT}/models/7"
ENDPOINT = f"{PARENT}/endpoints/9"


def after(seconds: float) -> datetime:
    """A time after the start."""
    return START + timedelta(seconds=seconds)


def facts(text: str = "plain", *, uri: str = "gs://b/model", **settings: Any) -> RunFacts:
    """A run that has everything, with a text wherever a text can come from elsewhere."""
    model = Artifact("google.VertexModel", uri, {"resourceName": f"{MODEL}@1", "note": text})
    test = Artifact("system.Dataset", uri, {"shape": [28, 28], "classes": 10})
    stages = (
        StageFacts(
            name="prepare", state="SUCCEEDED", start=START, end=after(2), condition=text,
            artifacts={"test_data": test},
        ),
        StageFacts(
            name=text, state="RUNNING", start=after(2), after=("prepare",),
            artifacts={"model": model},
        ),
        StageFacts(name="later", state="PENDING", after=(text,)),
    )  # fmt: skip
    trials = (
        TrialFacts(
            id="1", state="SUCCEEDED", start=START, end=after(1), parameters={text: 0.1, "b": 1},
            metrics={text: 0.5},
        ),
        TrialFacts(id="2", state="INFEASIBLE", parameters={text: 0.2, "b": 2}, reason=text),
        TrialFacts(id="3", state="SUCCEEDED", parameters={text: 0.3, "b": 3}, metrics={text: 0.7}),
    )  # fmt: skip
    given: dict[str, Any] = {
        "name": f"{PARENT}/pipelineJobs/one",
        "job_id": "one",
        "flow": text,
        "state": "RUNNING",
        "place": "this machine",
        "start": START,
        "end": None,
        "seen": after(4),
        "parameters": {text: text, "nan": float("nan"), "inf": float("inf"), "long": "x" * 10_000},
        "labels": {"team": text},
        "stages": stages,
        "searches": (
            Search(
                stage="prepare", metric=text, goal="MAXIMIZE", trials=trials, planned=4, best="3",
                importance={text: 0.8, "b": 0.2},
            ),
        ),
        "curves": (
            Curve(stage="prepare", tag=text, series="train", points=((0, 1.0), (1, 0.5))),
            Curve(stage="prepare", tag=text, series="validation", points=((0, 1.1), (1, 0.7))),
        ),
        "scores": (
            Score(stage="prepare", metric=text, value=0.9, least=0.8),
            Score(stage="prepare", metric="low", value=0.1, least=0.8),
            Score(stage="prepare", metric="free", value=float("nan")),
        ),
        "confusions": (Confusion(stage=text, labels=(text, "b"), matrix=((8, 2), (0, 5))),),
        "samples": (
            Sample(predicted=text, true="b", score=0.4, image=((0, 255), (255, 0))),
            Sample(predicted="b", true="b", text=text),
        ),
        "machine_times": (MachineTime(stage=text, job="j", machine=text, hours=0.5),),
        "lineage": (
            Origin(kind="data", id="d", label=text, detail=text),
            Origin(kind="model", id="m", label="model", sources=("d",)),
        ),
        "environment": {"python": text},
        "model": {"name": MODEL, "version": "1", "display_name": text, "aliases": [], "uri": uri},
        "endpoint": {"name": ENDPOINT, "url": "http://127.0.0.1/x"},
        "failure": {"stage": text, "task": text, "reason": text, "cause": text, "fix": text},
        "cost": "1.20 EUR",
        "notes": (text,),
    }  # fmt: skip
    return RunFacts(**{**given, **settings})


@attrs.define
class ToldRun:
    """A run that notes that it was cancelled."""

    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@attrs.define
class ToldVertex:
    """An endpoint that answers as a test says: with predictions, or with an error."""

    answers: list[Any] = attrs.field(factory=list)
    asked: list[Any] = attrs.field(factory=list)

    def predict(self, name: str, instances: list[Any], parameters: Any = None) -> dict[str, Any]:
        self.asked.append(instances)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"predictions": answer, "modelVersionId": "1", "deployedModelId": "11"}


class ToldSite(Site):
    """A place with one run, one model and one endpoint."""

    def __init__(self, told: RunFacts, *, log: str = "", home: Path | None = None) -> None:
        context = GcpContext.local(home) if home else GcpContext(project="acme")
        super().__init__(context)
        self.told = told
        self.warmed = False
        self.told_run = ToldRun()
        self.told_log = log
        self.told_vertex = ToldVertex()
        self.told_counts: Counts | None = Counts(START, {ENDPOINT: {"11": Count(5, 2)}})

    def warm(self) -> None:
        self.warmed = True

    @property
    def vertex(self) -> Any:
        return self.told_vertex

    def runs(self) -> Any:
        told = self.told
        entry = RunEntry(
            told.name, told.job_id, told.flow, told.state, told.start, told.end, told.labels
        )
        return (entry,)

    def run(self, job_id: str) -> Any:
        if job_id != self.told.job_id:
            raise ApiError(404, "NOT_FOUND", f"There is no run {job_id!r}.")
        return self.told_run

    def facts(self, job_id: str) -> RunFacts:
        self.run(job_id)
        return self.told

    def logs(self, facts: RunFacts, stages: Sequence[str], *, lines: int) -> dict[str, str]:
        return {name: "\n".join(self.told_log.splitlines()[-lines:]) for name in stages}

    def models(self) -> Any:
        return tuple(
            RegisteredModel(
                MODEL, version, self.told.flow, aliases, "gs://b/m", created=START,
                image="image", labels={"team": self.told.flow}, endpoints=(ENDPOINT,),
            )
            for version, aliases in (("2", ()), ("1", ("default", "best")))
        )  # fmt: skip

    def endpoints(self) -> Any:
        deployed = DeployedModel(
            id="11", model=MODEL, version="1", display_name=self.told.flow, traffic_percent=100,
            created=START,
        )  # fmt: skip
        return (
            DeployedEndpoint(
                ENDPOINT, "http://127.0.0.1/x", None, display_name=self.told.flow,  # type: ignore[arg-type]
                deployed_models=(deployed,), created=START,
            ),
        )  # fmt: skip

    def endpoint(self, name: str) -> DeployedEndpoint:
        found: DeployedEndpoint = self.endpoints()[0]
        if name != found.id:
            raise SettingError(f"there is no endpoint {name!r}.")
        return found

    def counts(self) -> Counts | None:
        return self.told_counts


def visitor(site: Site, *, let_in: bool = True) -> TestClient:
    """Visit a place."""
    app = application(site, ENTRY, "vertex-flow ui --home 'my home'")
    client = TestClient(app, base_url=BASE, raise_server_exceptions=False, follow_redirects=False)
    if let_in:
        client.cookies.set(*ENTRY.cookie)
    return client
