"""What came out of a run, as text for a person."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.jobs import job, message, task
from tests.report.runs import NOW
from tests.samples import compiled
from vertex_flow import Integer, Trainer
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.summary import summarise
from vertex_flow.stages import HyperTune, ImportDataset, Preprocess

MODEL = SimpleNamespace(display_name="mnist", version="2", name="projects/p/models/7")
ENDPOINT = SimpleNamespace(url="http://127.0.0.1:1/v1/e:predict")


def summary(plain_job: dict[str, Any], *, model: Any = None, endpoint: Any = None) -> str:
    return summarise(Snapshot(message(plain_job)), model=model, endpoint=endpoint, at=NOW)


def test_the_stages_are_a_table() -> None:
    details = [task(1, "source", "SUCCEEDED"), task(2, "condition-1", "NOT_TRIGGERED")]
    lines = summary(job("SUCCEEDED", *details)).splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["stage", "state", "seconds"],
        ["source", "succeeded", "2.5"],
    ]


def test_a_run_that_goes_on_says_how_long_it_has_taken_and_decides_nothing() -> None:
    lines = summary(job("RUNNING", task(1, "source", "RUNNING"))).splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["source", "running", "35"],
        ["fit", "pending"],
    ]
    assert lines[-1] == "model     not registered yet"


def test_what_was_left_out_and_why() -> None:
    text = summary(
        job(
            "SUCCEEDED",
            *[
                task(n, name, "SUCCEEDED")
                for n, name in enumerate(["source", "fit", "score"], start=1)
            ],
            task(9, "condition-1", "NOT_TRIGGERED"),
        )
    )
    assert text.splitlines()[-1] == (
        "model     not registered: spend left out, the condition does not hold"
    )


def test_a_model_that_was_not_registered_because_the_run_failed() -> None:
    text = summary(job("FAILED", task(1, "source", "FAILED")))
    assert text.splitlines()[-1] == "model     not registered"


def test_a_model_that_was_deleted_since() -> None:
    made = {
        "schemaTitle": "google.VertexModel",
        "metadata": {"resourceName": "projects/p/locations/l/models/7@2"},
    }
    details = [
        task(1, "fit", "SUCCEEDED"),
        task(2, "make-model", "SUCCEEDED", parent=1, outputs={"model": made}),
    ]
    text = summary(job("SUCCEEDED", *details))
    assert text.splitlines()[-1] == "model     deleted since it was registered"


def test_model_and_endpoint() -> None:
    text = summary(job("SUCCEEDED"), model=MODEL, endpoint=ENDPOINT)
    assert text.splitlines()[-3:] == [
        "model     mnist, version 2",
        "          projects/p/models/7",
        "endpoint  http://127.0.0.1:1/v1/e:predict",
    ]


def test_a_model_that_is_not_deployed() -> None:
    text = summary(job("SUCCEEDED"), model=MODEL)
    assert text.splitlines()[-1] == "endpoint  not deployed"


def test_metrics_of_all_the_data_are_one_line() -> None:
    metrics = {"accuracy": 0.98765, "precision_3": 0.5, "images": 100}
    made = {"schemaTitle": "system.Metrics", "metadata": metrics}
    details = [
        task(1, "fit", "SUCCEEDED"),
        task(2, "make-model", "SUCCEEDED", parent=1, outputs={"model": made}),
    ]
    line = next(line for line in summary(job("SUCCEEDED", *details)).splitlines() if "fit:" in line)
    assert sorted(line.removeprefix("fit: ").split(", ")) == ["accuracy 0.9877", "images 100"]


def tuned(trials: list[dict[str, Any]], best: dict[str, Any]) -> dict[str, Any]:
    space = {"units": Integer(1, 9)}
    tune = HyperTune(Trainer(module="a.b"), space, metric="accuracy")
    spec = compiled(ImportDataset("gs://b/x"), Preprocess(), tune)
    values = {"best_parameters": best, "trials": trials}
    results = "get-hyperparameter-tuning-job-results"
    details = [
        task(1, "hyper-tune", "SUCCEEDED"),
        task(2, results, "SUCCEEDED", parent=1, values=values),
    ]
    return {**job("SUCCEEDED", *details), "pipelineSpec": spec}


def trial(number: str, state: str, units: Any, **metrics: float) -> dict[str, Any]:
    return {"id": number, "state": state, "parameters": {"units": units}, "metrics": metrics}


def test_trials_are_a_table() -> None:
    trials = [trial("1", "SUCCEEDED", 64, accuracy=0.91), trial("2", "INFEASIBLE", 128)]
    lines = summary(tuned(trials, {"units": 64})).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("trial"))
    assert [line.split() for line in lines[start : start + 3]] == [
        ["trial", "state", "units", "accuracy"],
        ["1", "succeeded", "64", "0.91"],
        ["2", "infeasible", "128"],
    ]


def test_the_best_parameters_are_a_line() -> None:
    trials = [trial("1", "SUCCEEDED", 64, accuracy=0.91)]
    assert "best parameters: units 64\n" in summary(tuned(trials, {"units": 64}))


def test_markup_and_control_characters_are_shown_as_they_are() -> None:
    hostile = "[red]\x1b[31m[/red]:boom:"
    trials = [trial("1", "SUCCEEDED", hostile, **{hostile: 0.5})]
    text = summary(
        tuned(trials, {hostile: hostile}),
        model=SimpleNamespace(display_name=hostile, version="1", name="m"),
    )
    assert "\x1b" not in text
    assert text.count("[red]\\x1b[31m[/red]:boom:") == 5


def test_lines_are_at_most_100_columns() -> None:
    trials = [trial("1", "SUCCEEDED", "x" * 300, accuracy=0.5)]
    table = summary(tuned(trials, {})).split("best parameters")[0]
    assert max(map(len, table.splitlines())) <= 100
