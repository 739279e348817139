"""The example from data to a served model, run as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Ended, Served
from tests.end_to_end.program import Desk, read_json

STAGES = ("import-dataset", "preprocess", "hyper-tune", "train", "evaluate", "register", "deploy")
REAL_DATA = Path(__file__).parents[3] / "shared" / "data" / "mnist_10k.npz"


def test_first_run_ends_well(first):
    assert (first.result.code, first.result.err) == (0, "")


def test_accuracy(first):
    assert first.facts["accuracy"] == pytest.approx(0.99, abs=0.08)


def test_best_parameters_keep_their_types(first):
    best = first.facts["best_parameters"]
    assert set(best) == {"learning_rate", "units"}
    assert 1e-3 <= best["learning_rate"] <= 1e-2
    assert best["units"] in (64, 128, 256)
    assert isinstance(best["units"], int)


def test_all_trials_are_told(first):
    trials = first.facts["trials"]
    assert [trial["state"] for trial in trials] == ["SUCCEEDED", "SUCCEEDED"]
    assert all(set(trial["parameters"]) == {"learning_rate", "units"} for trial in trials)
    assert all(0 <= trial["metrics"]["val_accuracy"] <= 1 for trial in trials)


def test_first_version(first):
    assert first.facts["model_version"] == "1"


def test_ten_digits_are_predicted_over_http(first):
    predictions = first.facts["predictions"]
    assert len(predictions) == 10
    assert sum(one["predicted"] == one["true"] for one in predictions) >= 8
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1/\S+:predict", first.facts["endpoint_url"])


def test_seconds(first):
    assert first.facts["seconds"] > 0


def test_every_stage_is_shown_while_it_runs(first):
    for stage in STAGES:
        assert re.search(rf"^ +\d+:\d\d  {stage} +done in", first.result.out, re.MULTILINE), stage


def test_every_trial_is_shown_when_it_ends(first):
    lines = re.findall(r"trial [12]/2  [\d.]+  learning_rate=\S+ units=\d+", first.result.out)
    assert len(lines) == 2


@pytest.mark.parametrize(
    "text",
    [
        "best parameters: learning_rate",
        "trial  state      learning_rate  units  val_accuracy",
        "evaluate: accuracy",
        "model     mnist, version 1",
        "endpoint  http://127.0.0.1:",
        "10 test digits, predicted through HTTP:",
        " predicted  ",
        "      true  ",
    ],
)
def test_summary_for_a_person(first, text):
    assert text in first.result.out


def test_next_run_gives_the_next_version_of_the_same_model(served: Served):
    assert served.facts["model_version"] == "2"


@pytest.mark.parametrize("stage", ["preprocess", "hyper-tune", "train", "evaluate"])
def test_next_run_reuses_what_has_not_changed(served: Served, stage):
    line = rf"{stage} +reused: nothing it depends on has changed"
    assert re.search(line, served.program.output)


def test_results_that_are_reused_are_told_again(first: Ended, served: Served):
    same = ("accuracy", "best_parameters", "trials")
    assert [first.facts[key] for key in same] == [served.facts[key] for key in same]


def test_below_the_threshold_the_run_succeeds(below: Ended):
    assert (below.result.code, below.result.err) == (0, "")


def test_below_the_threshold_nothing_is_registered_or_deployed(below: Ended):
    absent = ("model_version", "endpoint_url", "predictions")
    assert [below.facts[key] for key in absent] == [None, None, None]
    assert below.facts["accuracy"] < 1
    assert below.facts["best_parameters"]


@pytest.mark.parametrize("stage", ["register", "deploy"])
def test_below_the_threshold_stages_are_left_out(below: Ended, stage):
    line = rf"{stage} +left out: its condition does not hold"
    assert re.search(line, below.result.out)


def test_below_the_threshold_it_says_why(below: Ended):
    assert re.search(
        r"^test accuracy 0\.\d+ is below the threshold of 1: nothing is deployed$",
        below.result.out,
        re.MULTILINE,
    )


def test_only_evaluation_runs_again_for_a_new_threshold(below: Ended):
    assert re.search(r"train +reused", below.result.out)
    assert re.search(r"evaluate +done in", below.result.out)


@pytest.mark.slow
@pytest.mark.skipif(not REAL_DATA.is_file(), reason="the MNIST sample is not on this machine")
def test_real_digits_are_learnt(desk: Desk):
    facts = desk.work / "facts.json"
    few = ("--trials", "2", "--epochs", "4")
    result = desk.run("mnist_flow.py", "--data", str(REAL_DATA), *few, "--json", str(facts))
    assert (result.code, result.err) == (0, "")
    assert read_json(facts)["accuracy"] >= 0.975
