"""Facts of runs made by hand: one of a few stages, one that is large, one that is hostile."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs

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
    TaskFacts,
    TrialFacts,
)
from vertex_flow.report.snapshot import Artifact

START = datetime(2026, 8, 1, 12, 0, tzinfo=timezone.utc)
HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(1)> [red]x[/red] \x1b[31m \u202e '
    "{{ 7*7 }} {% raw %} ' ` \n\r\t \x00 \ud800 🎉 datum.value url(#x) ]]> --> </style>"
)


def at(seconds: float) -> datetime:
    """Some seconds after the start."""
    return START + timedelta(seconds=seconds)


def facts(**changes: Any) -> RunFacts:
    """A run with one of everything."""
    stages = (
        StageFacts(name="load", state="REUSED", start=at(0), end=at(1)),
        StageFacts(
            name="tune",
            state="SUCCEEDED",
            start=at(1),
            end=at(61),
            after=("load",),
            tasks=(TaskFacts(name="job", state="SUCCEEDED", start=at(1), end=at(60)),),
            outputs={"best": {"rate": 0.1}},
        ),
        StageFacts(
            name="judge",
            state="SUCCEEDED",
            start=at(61),
            end=at(80),
            after=("tune",),
            artifacts={"metrics": Artifact("system.Metrics", "gs://b/metrics", {"accuracy": 0.97})},
        ),
        StageFacts(name="serve", state="NOT_TRIGGERED", after=("judge",), condition="judge.passed"),
    )
    made = RunFacts(
        name="projects/p/locations/l/pipelineJobs/digits-1",
        job_id="digits-1",
        flow="digits",
        state="SUCCEEDED",
        place="this machine",
        start=START,
        end=at(80),
        seen=at(100),
        parameters={"epochs": 5},
        labels={"team": "vision"},
        stages=stages,
        searches=(search(8),),
        curves=(
            Curve(stage="tune", tag="loss", series="train", points=((1, 0.5), (2, 0.25))),
            Curve(stage="tune", tag="loss", series="validation", points=((1, 0.6), (2, 0.3))),
            *(
                Curve(
                    stage="tune",
                    tag="loss",
                    series="train",
                    trial=str(one),
                    points=((1, one), (2, one / 2)),
                )
                for one in range(1, 4)
            ),
        ),
        scores=(
            Score(stage="judge", metric="accuracy", value=0.97123456, least=0.9),
            Score(stage="judge", metric="recall", value=0.5, least=0.6),
            Score(stage="judge", metric="loss", value=12.5),
        ),
        confusions=(
            Confusion(stage="judge", labels=("cat", "dog"), matrix=((7.0, 2.0), (0.0, 9.0))),
        ),
        samples=(
            Sample(predicted="dog", true="cat", score=0.875, image=((0, 255), (255, 0))),
            Sample(predicted="cat", true="cat", text="a row"),
        ),
        machine_times=(
            MachineTime(stage="tune", job="j", machine="n1-standard-4", hours=0.1234),
        ),
        lineage=(
            Origin(kind="data", id="d", label="load.data", detail="gs://b/data.npz"),
            Origin(kind="model", id="m", label="serve.model", detail="models/1@2", sources=("d",)),
        ),
        environment={"Python": "CPython 3.11"},
        model={"name": "models/1", "version": "2", "display_name": "digits", "aliases": ["prod"],
               "uri": "gs://b/model"},
        endpoint={"name": "projects/p/locations/l/endpoints/9", "url": "http://127.0.0.1/x"},
    )  # fmt: skip
    return attrs.evolve(made, **changes)


def search(count: int, **changes: Any) -> Search:
    """A search of some trials."""
    trials = tuple(
        TrialFacts(
            id=str(one),
            state="SUCCEEDED",
            start=at(10 * (one // 2)),
            end=at(10 * (one // 2) + 9),
            parameters={
                "rate": 10 ** (-one / count),
                "units": 64 * (one % 3),
                "kind": "ab"[one % 2],
            },
            metrics={"accuracy": 0.5 + 0.4 * math.sin(one)},
        )
        for one in range(1, count + 1)
    )
    made = Search(
        stage="tune",
        metric="accuracy",
        goal="MAXIMIZE",
        trials=trials,
        planned=count,
        log_scale=("rate",),
        best="2",
        importance={"rate": 0.75, "units": 0.25},
    )
    return attrs.evolve(made, **changes)


def large() -> RunFacts:
    """A run of 50 stages with long names, 200 trials, and as many curves as are read."""
    name = "a-stage-with-a-very-long-name-that-goes-on-and-on-{}"
    stages = tuple(
        StageFacts(
            name=name.format(one),
            state="SUCCEEDED",
            start=at(one),
            end=at(one + 20),
            after=(name.format(one - 1),) if one else (),
            tasks=tuple(
                TaskFacts(name=f"task-{at_}", state="SUCCEEDED", start=at(one), end=at(one + 20))
                for at_ in range(4)
            ),
            outputs={"value": "x" * 5000},
        )
        for one in range(50)
    )
    curves = tuple(
        Curve(
            stage="tune",
            tag=tag,
            series="validation",
            trial=str(trial),
            points=tuple((step, trial / (step + 1)) for step in range(50)),
        )
        for trial in range(1, 201)
        for tag in ("loss", "accuracy")
    )
    classes = tuple(f"a class with a long name {one}" for one in range(100))
    matrix = tuple(tuple(float((a * b) % 7) for a in range(100)) for b in range(100))
    image = tuple(tuple((a * b) % 256 for a in range(32)) for b in range(32))
    samples = tuple(Sample(predicted="1", true="2", score=0.5, image=image) for _ in range(100))
    return facts(
        stages=stages,
        searches=(search(200),),
        curves=curves,
        confusions=(Confusion(stage="judge", labels=classes, matrix=matrix),),
        samples=samples,
    )


def hostile(text: str = HOSTILE) -> RunFacts:
    """A run in which every text that a user or a server may give is an attack."""

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return text
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        if isinstance(value, dict):
            return dict(zip([text], map(changed, value.values()), strict=False))
        if attrs.has(type(value)):
            return attrs.evolve(value, **{
                field.name: changed(getattr(value, field.name))
                for field in attrs.fields(type(value))
                if field.name not in ("state", "goal", "id", "trial", "kind", "best", "image")
            })  # fmt: skip
        return value

    base = facts()
    found: RunFacts = changed(base)
    failure = {
        "stage": text, "task": text, "reason": f"{text}\n{text}", "cause": text, "fix": text,
        "links": {text: "javascript:alert(1)", "page": f"https://x/{text}"}, "logs": text,
    }  # fmt: skip
    return attrs.evolve(
        found,
        state="FAILED",
        failure=failure,
        console_url="javascript:alert(1)",
        model=dict.fromkeys(("name", "version", "display_name", "uri"), text) | {"aliases": [text]},
        endpoint={"name": text, "url": text},
        environment={text: text},
        notes=(text,),
    )
