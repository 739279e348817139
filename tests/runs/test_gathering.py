"""What is gathered of runs: of a real one, of one that reuses it, and of odd ones made by hand."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kfp.dsl import Artifact, ClassificationMetrics, Input, Metrics, Model, Output

from tests.jobs import NAME, job, task
from tests.loopback import PARENT, Loopback, context_at, error, serving
from tests.samples import Fail, Source, Spend
from vertex_flow import Double, Flow, GcpContext, Integer, Param, Run, Trainer, When
from vertex_flow.client import Client
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import RunFailed
from vertex_flow.report.facts import RunFacts, Sample, Score
from vertex_flow.stages import Evaluate, HyperTune, ImportDataset, Train

FIT = """
import argparse, json, os, sys, types

parser = argparse.ArgumentParser()
parser.add_argument("--train_data")
parser.add_argument("--units", type=int)
parser.add_argument("--rate", type=float)
given = parser.parse_args()
if "CLOUD_ML_TRIAL_ID" in os.environ:
    import hypertune
    score = given.rate + given.units / 1000
    hypertune.HyperTune().report_hyperparameter_tuning_metric("score", score, global_step=1)
else:
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
    from tensorboard.summary import Writer
    writer = Writer(os.path.join(os.environ["AIP_TENSORBOARD_LOG_DIR"], "train"))
    for step in range(3):
        writer.add_scalar("epoch_loss", 1 / (step + 1), step)
    writer.close()
    with open(os.path.join(os.environ["AIP_MODEL_DIR"], "model.txt"), "w") as file:
        file.write("fitted")
"""


def judge(
    model: Input[Model],
    thresholds: dict[str, float],
    metrics: Output[Metrics],
    classification_metrics: Output[ClassificationMetrics],
    samples: Output[Artifact],
) -> NamedTuple("Outputs", [("passed", bool)]):  # type: ignore[valid-type]
    """Judge a model."""
    import json

    metrics.log_metric("score", 0.75)
    metrics.log_metric("precision_1", 0.5)
    classification_metrics.log_confusion_matrix(["no", "yes"], [[3, 1], [0, 4]])
    with open(samples.path, "w") as file:
        json.dump({"samples": [{"predicted": "yes", "true": "no", "image": [[0, 255]]}]}, file)
    return (True,)  # type: ignore[return-value]


def tuned_flow(folder: Path) -> Flow:
    """Tuning, training, a verdict, and a stage that hangs on it."""
    (folder / "fit.py").write_text(FIT)
    (folder / "data.txt").write_text("data")
    trainer = Trainer(module="fit", source=str(folder))
    data = ImportDataset(str(folder / "data.txt"))
    score = Evaluate(component=judge, thresholds={"score": 0.5}, test_data=data.dataset)
    tune = HyperTune(
        trainer,
        {"units": Integer(1, 9), "rate": Double(0.01, 1.0, scale="log")},
        metric="score",
        max_trials=6,
        parallel_trials=2,
        train_data=data.dataset,
    )
    spend = Spend(times=Param("times", 1))
    train = Train(trainer, train_data=data.dataset)
    return Flow("tuned", [data, tune, train, score, When(score.passed, [spend])])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcpContext]:
    home = tmp_path_factory.mktemp("gathering") / "home"
    with EmbeddedEngine.start(home, standing=True):
        yield GcpContext.local(home)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Flow:
    return tuned_flow(tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def facts(place: GcpContext, flow: Flow) -> RunFacts:
    return flow.run(place, progress=None).facts()


@pytest.fixture(scope="module")
def again(place: GcpContext, flow: Flow, facts: RunFacts) -> RunFacts:
    """The same run once more, of which all but the last stage is reused."""
    assert facts.is_over
    return flow.run(place, params={"times": 2}, progress=None).facts()


def test_all_is_read(facts: RunFacts) -> None:
    assert facts.notes == ()


def test_stages_come_after_those_that_they_need(facts: RunFacts) -> None:
    assert {one.name: one.after for one in facts.stages} == {
        "import-dataset": (),
        "hyper-tune": ("import-dataset",),
        "train": ("hyper-tune", "import-dataset"),
        "evaluate": ("import-dataset", "train"),
        "spend": ("train", "evaluate"),
    }


def test_a_condition_is_said_in_words(facts: RunFacts) -> None:
    assert [one.condition for one in facts.stages] == ["", "", "", "", "evaluate.passed"]


def test_tasks_stand_in_the_order_of_their_start(facts: RunFacts) -> None:
    tasks = {one.name: [task.name for task in one.tasks] for one in facts.stages}
    assert tasks["train"][-2:] == ["custom-training-job", "get-custom-job-results"]


def test_parameters_have_their_defaults(facts: RunFacts) -> None:
    assert facts.parameters["times"] == 1


def test_a_search_has_its_trials_with_times(facts: RunFacts) -> None:
    (search,) = facts.searches
    assert [one.id for one in search.trials] == ["1", "2", "3", "4", "5", "6"]
    assert all((one.seconds or 0) > 0 for one in search.trials)
    assert (search.metric, search.goal, search.planned) == ("score", "MAXIMIZE", 6)
    assert search.log_scale == ("rate",)


def test_the_best_trial_and_what_matters(facts: RunFacts) -> None:
    (search,) = facts.searches
    best = max(search.trials, key=lambda one: one.metrics["score"])
    assert search.best == best.id
    assert next(iter(search.importance)) == "rate"


def test_learning_curves(facts: RunFacts) -> None:
    (curve,) = facts.curves
    assert (curve.stage, curve.tag, curve.series, curve.trial) == ("train", "loss", "train", "")
    assert curve.points == ((0.0, 1.0), (1.0, 0.5), (2.0, pytest.approx(1 / 3)))


def test_metrics_have_their_thresholds(facts: RunFacts) -> None:
    assert facts.scores == (Score(stage="evaluate", metric="score", value=0.75, least=0.5),)


def test_the_confusion_matrix(facts: RunFacts) -> None:
    (found,) = facts.confusions
    assert (found.labels, found.matrix) == (("no", "yes"), ((3.0, 1.0), (0.0, 4.0)))


def test_samples(facts: RunFacts) -> None:
    assert facts.samples == (Sample(predicted="yes", true="no", image=((0, 255),)),)


def test_machine_hours_are_those_of_the_jobs(facts: RunFacts) -> None:
    assert [one.stage for one in facts.machine_times] == ["hyper-tune", "train"]
    (search,) = facts.searches
    seconds = sum(one.seconds or 0 for one in search.trials)
    assert facts.machine_times[0].hours == pytest.approx(seconds / 3600)
    assert facts.machine_times[0].machine == "n1-standard-4"


def test_lineage_leads_from_the_data_to_what_was_made(facts: RunFacts) -> None:
    kinds = [one.kind for one in facts.lineage]
    assert {"data", "code", "image", "parameters", "stage", "artifact"} == set(kinds)
    known: set[str] = set()
    for one in facts.lineage:
        assert set(one.sources) <= known
        known.add(one.id)


def test_the_environment_of_this_machine(facts: RunFacts) -> None:
    assert {"system", "Python", "vertex_flow", "kfp"} <= set(facts.environment)


def test_what_a_reused_stage_has_made_is_shown(facts: RunFacts, again: RunFacts) -> None:
    assert {one.state for one in again.stages} == {"REUSED", "SUCCEEDED"}
    assert again.searches == facts.searches
    assert again.curves == facts.curves
    assert again.samples == facts.samples


def test_reused_stages_count_no_machine_hours(again: RunFacts) -> None:
    assert again.machine_times == ()


def test_a_run_that_failed_says_why(place: GcpContext) -> None:
    flow = Flow("failing", [Source(), Fail()])
    with pytest.raises(RunFailed):
        flow.run(place, progress=None)
    found = Run.list(place, flow="failing")[0]
    facts = Run.attach(place, found.job_id).facts()
    assert facts.failure is not None
    assert (facts.failure["stage"], facts.failure["task"]) == ("fail", "fall-over")
    assert "no luck today" in facts.failure["reason"]


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        yield server


def made(server: Loopback, found: dict[str, Any]) -> RunFacts:
    """Facts of a run made by hand, in a project."""
    server.on(f"GET /v1/{NAME}", found)
    context = context_at(server.url)
    return Run(Client(server.url, PARENT, credentials=context.credentials), NAME,
               context=context).facts()  # fmt: skip


def test_a_run_that_has_not_started(server: Loopback) -> None:
    facts = made(server, job("PENDING"))
    assert [one.state for one in facts.stages] == ["PENDING"] * 4
    assert facts.notes == ()


def test_a_pipeline_without_anything(server: Loopback) -> None:
    facts = made(server, {"name": NAME, "state": "PIPELINE_STATE_CANCELLED"})
    assert (facts.state, facts.stages, facts.notes) == ("CANCELLED", (), ())


def test_a_pipeline_that_is_odd(server: Loopback) -> None:
    odd = {
        "components": {"comp-a": {"dag": 7}, "comp-b": []},
        "deploymentSpec": "none",
        "root": {
            "inputDefinitions": {"parameters": [1]},
            "dag": {
                "tasks": {
                    "a": {"componentRef": {"name": "comp-a"}, "dependentTasks": "b"},
                    "b": {"componentRef": 3, "inputs": {"parameters": {"x": 1}}},
                    "c": {"triggerPolicy": {"condition": 5}, "componentRef": {"name": "comp-a"}},
                }
            },
        },
    }
    facts = made(server, {**job("SUCCEEDED", task(1, "a", "SUCCEEDED")), "pipelineSpec": odd})
    assert [one.name for one in facts.stages] == ["b", "a"]


def test_a_job_that_is_gone_is_said(server: Loopback) -> None:
    name = f"{PARENT}/customJobs/7"
    uri = json.dumps({"resources": [{"resourceUri": f"https://x/v1/{name}"}]})
    gone = task(2, "make-data", "SUCCEEDED", parent=1, values={"gcp_resources": uri})
    found = job("SUCCEEDED", task(1, "source", "SUCCEEDED"), gone)
    server.on(f"GET /v1/{name}", error(404, "NOT_FOUND", "The job is gone."), code=404)
    assert made(server, found).notes == (f"the job {name} could not be read: The job is gone.",)


def test_a_model_that_was_deleted_is_said(server: Loopback) -> None:
    name = f"{PARENT}/models/1"
    model = {"schemaTitle": "google.VertexModel", "metadata": {"resourceName": name}}
    inner = task(2, "make-data", "SUCCEEDED", parent=1, outputs={"data": model})
    server.on(f"GET /v1/{name}", error(404, "NOT_FOUND", "The model is gone."), code=404)
    facts = made(server, job("SUCCEEDED", task(1, "source", "SUCCEEDED"), inner))
    assert facts.model is None
    assert facts.notes == ("the model was deleted since it was registered",)


def test_a_run_in_the_cloud_has_images_and_identity(server: Loopback) -> None:
    facts = made(server, {**job("RUNNING"), "serviceAccount": "me@acme.iam.gserviceaccount.com"})
    assert facts.environment["service account"] == "me@acme.iam.gserviceaccount.com"
    assert facts.environment["image 1"] == "python:3.11"


def test_what_machines_cost_is_said_where_there_are_prices(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.vertex_flow]\nprices = "prices.toml"\n')
    (tmp_path / "prices.toml").write_text('currency = "EUR"\n[machines]\nn1-standard-4 = 2.0\n')
    monkeypatch.chdir(tmp_path)
    name = f"{PARENT}/customJobs/7"
    uri = json.dumps({"resources": [{"resourceUri": f"https://x/v1/{name}"}]})
    inner = task(2, "make-data", "SUCCEEDED", parent=1, values={"gcp_resources": uri})
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "replicaCount": "3"}
    times = {"startTime": "2025-01-02T03:00:00Z", "endTime": "2025-01-02T03:30:00Z"}
    server.on(f"GET /v1/{name}", {"name": name, "jobSpec": {"workerPoolSpecs": [pool]}, **times})
    facts = made(server, job("SUCCEEDED", task(1, "source", "SUCCEEDED"), inner))
    assert (facts.machine_times[0].hours, facts.cost) == (1.5, "3.00 EUR")
