from __future__ import annotations

import asyncio
import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.engine.job_bench import PARENT, run_with_bench
from vertex_flow.engine.tuning.service import TuningJobs
from vertex_flow.errors import ApiError

REPORT = """
import argparse, json, os, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=0)
parser.add_argument("--n", type=int, default=0)
parser.add_argument("--kind", default="")
parser.add_argument("--size", type=int, default=0)
options = parser.parse_args()
lines = []

def report(value, step=1, tag="score"):
    lines.append({
        "timestamp": time.time(), "trial": "1", tag: str(value), "global_step": str(step),
        "checkpoint_path": "",
    })
    with open(os.environ["CLOUD_ML_HP_METRIC_FILE"], "w") as file:
        file.writelines(json.dumps(line) + "\\n" for line in lines)

trial = int(os.environ["CLOUD_ML_TRIAL_ID"])
"""
X = {"parameterId": "x", "doubleValueSpec": {"minValue": 0, "maxValue": 1}}
N = {"parameterId": "n", "integerValueSpec": {"minValue": 1, "maxValue": 3}}
SIZE = {"parameterId": "size", "discreteValueSpec": {"values": [64, 128]}}
KIND = {"parameterId": "kind", "categoricalValueSpec": {"values": ["a", "b"]}}


@pytest.fixture
def bench(tmp_path):
    return lambda body: run_with_bench(tmp_path, body)


def request(b: Any, text: str, *parameters: Any, **fields: Any) -> dict[str, Any]:
    study = {
        "metrics": [{"metricId": "score", "goal": "MAXIMIZE"}],
        "parameters": list(parameters or (X,)),
        **fields.pop("study", {}),
    }
    job = {"workerPoolSpecs": [b.pool(REPORT + textwrap.dedent(text))], **fields.pop("job", {})}
    counts = {"maxTrialCount": 2, "parallelTrialCount": 1}
    return {"displayName": "tune", "studySpec": study, "trialJobSpec": job, **counts, **fields}


async def create(b: Any, text: str, *parameters: Any, **fields: Any) -> dict[str, Any]:
    body = request(b, text, *parameters, **fields)
    return await b.call("POST", f"{PARENT}/hyperparameterTuningJobs", body)


async def tune(b: Any, text: str, *parameters: Any, **fields: Any) -> dict[str, Any]:
    return await b.finish((await create(b, text, *parameters, **fields))["name"])


def values(trial: dict[str, Any]) -> dict[str, Any]:
    return {entry["parameterId"]: entry["value"] for entry in trial["parameters"]}


def test_success(bench):
    job = bench(lambda b: tune(b, "report(options.x)"))
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert [(trial["id"], trial["state"]) for trial in job["trials"]] == [
        ("1", "SUCCEEDED"),
        ("2", "SUCCEEDED"),
    ]
    first = job["trials"][0]
    assert first["finalMeasurement"]["stepCount"] == "1"
    assert first["finalMeasurement"]["metrics"] == [
        {"metricId": "score", "value": values(first)["x"]}
    ]
    assert {"startTime", "endTime", "customJob"} <= first.keys()


def test_parameters_arrive_as_arguments(bench):
    async def body(b):
        text = "import sys; print(*sys.argv[1:]); report(1)"
        job = await tune(b, text, X, N, SIZE, KIND, maxTrialCount=1)
        log = b.home.log(
            "hyperparameterTuningJobs", job["name"].rpartition("/")[2], "trial-1", "workerpool0-0"
        )
        return values(job["trials"][0]), log.read_text()

    drawn, log = bench(body)
    assert log == (
        f"--x={drawn['x']} --n={int(drawn['n'])} --size={int(drawn['size'])} "
        f"--kind={drawn['kind']}\n"
    )
    assert "." not in log.partition("--n=")[2]


def test_each_trial_has_a_folder_and_its_number(bench, tmp_path):
    out = tmp_path / "out"
    text = "print(os.environ['AIP_MODEL_DIR']); open(os.environ['AIP_MODEL_DIR'] + 'm', 'w')\n"
    bench(
        lambda b: tune(
            b, text + "report(trial)", job={"baseOutputDirectory": {"outputUriPrefix": str(out)}}
        )
    )
    assert (out / "1/model/m").exists()
    assert (out / "2/model/m").exists()


def test_measurements_appear_while_a_trial_runs(bench):
    text = """
        report(0.1, 1)
        while not os.path.exists("go"):
            time.sleep(0.02)
        report(0.2, 2)
    """

    async def body(b):
        job = await create(b, text, maxTrialCount=1)
        while not job.get("trials", [{}])[0].get("measurements"):
            await asyncio.sleep(0.05)
            job = await b.call("GET", job["name"])
        b.write("go", "")
        return job["trials"][0], (await b.finish(job["name"]))["trials"][0]

    during, after = bench(body)
    assert during["state"] == "ACTIVE"
    assert [item["metrics"][0]["value"] for item in during["measurements"]] == [0.1]
    assert [item["stepCount"] for item in after["measurements"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("selection", "expected"), [("LAST_MEASUREMENT", 0.5), ("BEST_MEASUREMENT", 0.9)]
)
def test_measurement_selection(bench, selection, expected):
    text = "report(0.2, 1); report(0.9, 2); report(0.5, 3)"
    study = {"measurementSelectionType": selection}
    job = bench(lambda b: tune(b, text, maxTrialCount=1, study=study))
    assert job["trials"][0]["finalMeasurement"]["metrics"][0]["value"] == expected


def test_trials_run_at_the_same_time(bench):
    """Each of the two waits until it sees the other."""
    text = """
        open(f"here-{trial}", "w").close()
        while not os.path.exists(f"here-{3 - trial}"):
            time.sleep(0.02)
        report(int(os.environ["OMP_NUM_THREADS"]))
    """
    job = bench(lambda b: tune(b, text, parallelTrialCount=2))
    assert job["state"] == "JOB_STATE_SUCCEEDED"


def test_several_metrics(bench):
    study = {
        "metrics": [
            {"metricId": "score", "goal": "MAXIMIZE"},
            {"metricId": "cost", "goal": "MINIMIZE"},
        ]
    }
    text = "report(0.5, 3); report(7, 3, 'cost')"
    job = bench(lambda b: tune(b, text, study=study))
    measurement = job["trials"][0]["finalMeasurement"]
    assert {it["metricId"]: it["value"] for it in measurement["metrics"]} == {
        "score": 0.5,
        "cost": 7.0,
    }


class TestSearch:
    def test_grid_ends_with_its_last_point(self, bench):
        job = bench(
            lambda b: tune(
                b, "report(1)", SIZE, KIND, study={"algorithm": "GRID_SEARCH"}, maxTrialCount=9
            )
        )
        assert [tuple(values(trial).values()) for trial in job["trials"]] == [
            (64.0, "a"),
            (64.0, "b"),
            (128.0, "a"),
            (128.0, "b"),
        ]

    def test_small_spaces_are_not_searched_twice(self, bench):
        job = bench(lambda b: tune(b, "report(options.n)", N, maxTrialCount=9))
        assert sorted(values(trial)["n"] for trial in job["trials"]) == [1, 2, 3]


class TestFailure:
    def test_unknown_metric_names_what_was_reported(self, bench):
        job = bench(lambda b: tune(b, "report(1, tag='scores')"))
        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"]["message"] == (
            "2 of 2 trials failed. Trial 1 reported 'scores', not 'score'. Did you mean 'scores'?"
        )
        assert job["trials"][0]["state"] == "INFEASIBLE"

    def test_no_metric_at_all(self, bench):
        message = bench(lambda b: tune(b, "pass"))["error"]["message"]
        assert (
            "Trial 1 reported no metric; 'score' was expected. Report it with hypertune" in message
        )

    def test_crash(self, bench, tmp_path):
        job = bench(lambda b: tune(b, "raise ValueError('bad data')"))
        lines = job["error"]["message"].splitlines()
        number = job["name"].rpartition("/")[2]
        folder = tmp_path / f"home/logs/hyperparameterTuningJobs/{number}"
        assert lines[0] == (
            "2 of 2 trials failed. Trial 1: The replica workerpool0-0 exited with a non-zero "
            "status of 1. Termination reason: Error."
        )
        assert lines[-2] == "ValueError: bad data"
        assert lines[-1] == f"Log: {folder}/trial-1/workerpool0-0.log"

    def test_nan_is_infeasible_and_not_a_failure(self, bench):
        job = bench(lambda b: tune(b, "report('nan' if trial == 1 else 0.5, 4)"))
        first, second = job["trials"]
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert (first["state"], second["state"]) == ("INFEASIBLE", "SUCCEEDED")
        assert first["infeasibleReason"] == "Trial 1 reported nan for 'score' at step 4."
        assert "finalMeasurement" not in first

    def test_nothing_but_nan(self, bench):
        message = bench(lambda b: tune(b, "report('inf')"))["error"]["message"]
        assert message == (
            "No trial gave a usable result. Trial 1 reported inf for 'score' at step 1."
        )

    def test_one_failure_among_successes(self, bench):
        text = "assert trial != 2\nreport(1)"
        job = bench(lambda b: tune(b, text, maxTrialCount=3))
        assert job["state"] == "JOB_STATE_SUCCEEDED"
        assert [trial["state"] for trial in job["trials"]] == [
            "SUCCEEDED",
            "INFEASIBLE",
            "SUCCEEDED",
        ]

    def test_first_trials_that_all_fail_end_the_job(self, bench):
        job = bench(lambda b: tune(b, "raise SystemExit(1)", maxTrialCount=9))
        assert len(job["trials"]) == 2

    def test_max_failed_trial_count(self, bench):
        text = "assert trial == 1\nreport(1)"
        job = bench(lambda b: tune(b, text, maxTrialCount=9, maxFailedTrialCount=2))
        assert job["state"] == "JOB_STATE_FAILED"
        assert len(job["trials"]) == 3


def test_median_stopping(bench):
    text = """
        for step in range(1, 4):
            report(0.9 if trial < 4 else 0.1, step)
        while trial == 4:
            time.sleep(0.1)
    """
    study = {"medianAutomatedStoppingSpec": {}}
    job = bench(lambda b: tune(b, text, maxTrialCount=4, study=study))
    last = job["trials"][3]
    assert last["state"] == "SUCCEEDED"
    assert last["finalMeasurement"]["metrics"][0]["value"] == 0.1


def test_cancel_reaches_the_trials(bench):
    text = "print(os.getpid()); time.sleep(600)"

    async def body(b):
        job = await create(b, text, parallelTrialCount=2)
        logs = [
            b.home.log(
                "hyperparameterTuningJobs",
                job["name"].rpartition("/")[2],
                f"trial-{n}",
                "workerpool0-0",
            )
            for n in (1, 2)
        ]
        while not all(log.exists() and log.read_text().endswith("\n") for log in logs):
            await asyncio.sleep(0.02)
        await b.call("POST", f"{job['name']}:cancel", {})
        job = await b.call("GET", job["name"])
        jobs = [await b.call("GET", trial["customJob"]) for trial in job["trials"]]
        return job, jobs, [int(log.read_text()) for log in logs]

    job, jobs, pids = bench(body)
    assert job["state"] == "JOB_STATE_CANCELLED"
    assert [trial["state"] for trial in job["trials"]] == ["INFEASIBLE", "INFEASIBLE"]
    assert [it["state"] for it in jobs] == ["JOB_STATE_CANCELLED", "JOB_STATE_CANCELLED"]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_cancel_before_it_began(bench):
    async def body(b):
        job = await create(b, "pass")
        await b.call("POST", f"{job['name']}:cancel", {})
        return await b.call("GET", job["name"])

    assert bench(body)["state"] == "JOB_STATE_CANCELLED"


def test_a_trial_whose_job_is_cancelled(bench):
    text = "time.sleep(600) if trial == 1 else report(1)"

    async def body(b):
        job = await create(b, text)
        while not job.get("trials", [{}])[0].get("customJob"):
            await asyncio.sleep(0.02)
            job = await b.call("GET", job["name"])
        await b.call("POST", f"{job['trials'][0]['customJob']}:cancel", {})
        return await b.finish(job["name"])

    job = bench(body)
    assert [trial["state"] for trial in job["trials"]] == ["INFEASIBLE", "SUCCEEDED"]
    assert job["trials"][0]["infeasibleReason"] == "Trial 1: The job was cancelled."


class TestKilledEngine:
    """The engine is gone while the second of four trials runs."""

    TEXT = """
        report(options.x, 1)
        while trial == 2 and not os.path.exists("go"):
            time.sleep(0.02)
        report(options.x + 1, 2)
    """

    async def _killed(self, b: Any, **fields: Any) -> dict[str, Any]:
        job = await create(b, self.TEXT, maxTrialCount=4, **fields)
        while not (len(job.get("trials", [])) == 2 and job["trials"][1].get("measurements")):
            await asyncio.sleep(0.02)
            job = await b.call("GET", job["name"])
        b.store.seal()
        return job

    async def _next(self, b: Any, job: dict[str, Any]) -> dict[str, Any]:
        b.write("go", "")
        b.custom.recover()
        b.tuning.recover()
        return await b.finish(job["name"])

    def test_goes_on_as_if_it_had_not_been(self, bench, tmp_path):
        async def whole(b):
            b.write("go", "")
            return await tune(b, self.TEXT, maxTrialCount=4)

        (tmp_path / "other").mkdir()
        expected = run_with_bench(tmp_path / "other", whole)
        before = bench(self._killed)
        after = bench(lambda b: self._next(b, before))
        assert after["state"] == "JOB_STATE_SUCCEEDED"
        assert [values(trial) for trial in after["trials"]] == [
            values(trial) for trial in expected["trials"]
        ]
        assert [trial["id"] for trial in after["trials"]] == ["1", "2", "3", "4"]
        assert after["trials"][0] == before["trials"][0]
        assert after["startTime"] == before["startTime"]

    def test_what_was_active_runs_again_in_a_new_job(self, bench):
        before = bench(self._killed)

        async def body(b):
            old = before["trials"][1]["customJob"]
            return await self._next(b, before), await b.call("GET", old)

        after, old = bench(body)
        again = after["trials"][1]
        assert values(again) == values(before["trials"][1])
        assert [item["stepCount"] for item in again["measurements"]] == ["1", "2"]
        assert again["customJob"] != before["trials"][1]["customJob"]
        assert old["error"]["message"] == "The engine stopped during the job."

    def test_failures_still_count(self, bench):
        text = """
            assert trial != 1
            while not os.path.exists("go"):
                time.sleep(0.02)
            raise SystemExit(3)
        """

        async def killed(b):
            job = await create(b, text, maxTrialCount=9, maxFailedTrialCount=2)
            while len(job.get("trials", [])) < 2:
                await asyncio.sleep(0.02)
                job = await b.call("GET", job["name"])
            b.store.seal()
            return job

        before = bench(killed)
        after = bench(lambda b: self._next(b, before))
        assert len(after["trials"]) == 2
        assert after["error"]["message"].startswith("2 of 2 trials failed. Trial 1: The replica")

    def test_grids_do_not_begin_anew(self, bench):
        study = {"algorithm": "GRID_SEARCH"}
        before = bench(lambda b: self._killed(b, study={**study, "parameters": [N, KIND]}))
        after = bench(lambda b: self._next(b, before))
        assert [tuple(values(trial).values()) for trial in after["trials"]] == [
            (1.0, "a"),
            (1.0, "b"),
            (2.0, "a"),
            (2.0, "b"),
        ]

    def test_an_engine_of_a_program_fails_the_job(self, bench):
        before = bench(self._killed)

        async def body(b):
            TuningJobs(b.home, b.store, b.background, b.custom).recover()
            return await b.call("GET", before["name"])

        job = bench(body)
        assert job["state"] == "JOB_STATE_FAILED"
        assert job["error"]["message"] == "The engine stopped during the job."
        assert job["trials"][1]["infeasibleReason"] == "The engine stopped during the trial."


class TestStudyStopping:
    def test_most_trials(self, bench):
        study = {"studyStoppingConfig": {"maxNumTrials": 2}}
        job = bench(lambda b: tune(b, "report(1)", maxTrialCount=9, study=study))
        assert (job["state"], len(job["trials"])) == ("JOB_STATE_SUCCEEDED", 2)

    def test_no_progress(self, bench):
        study = {"studyStoppingConfig": {"maxNumTrialsNoProgress": 2}}
        text = "report(1 if trial == 2 else 0)"
        job = bench(lambda b: tune(b, text, maxTrialCount=9, study=study))
        assert len(job["trials"]) == 4

    def test_at_once(self, bench):
        config = {"maximumRuntimeConstraint": {"maxDuration": "0s"}, "shouldStopAsap": True}
        config["minNumTrials"] = 1
        text = """
            report(trial)
            while trial == 2:
                time.sleep(0.1)
        """
        job = bench(
            lambda b: tune(
                b,
                text,
                maxTrialCount=9,
                parallelTrialCount=2,
                study={"studyStoppingConfig": config},
            )
        )
        assert [trial["state"] for trial in job["trials"]] == ["SUCCEEDED", "SUCCEEDED"]
        assert job["trials"][1]["finalMeasurement"]["metrics"][0]["value"] == 2


def test_convex_stopping_adds_the_measurement_that_it_predicts(bench):
    text = """
        high = 0.9 if trial < 4 else 0.2
        for step in range(1, 9):
            report(high * (1 - 0.5 ** step), step)
            if trial == 4 and step == 6:
                while True:
                    time.sleep(0.1)
    """
    study = {"convexAutomatedStoppingSpec": {"minMeasurementCount": 2}}
    job = bench(lambda b: tune(b, text, maxTrialCount=4, study=study))
    last = job["trials"][3]
    assert last["state"] == "SUCCEEDED"
    assert last["finalMeasurement"]["stepCount"] == "8"
    assert abs(last["finalMeasurement"]["metrics"][0]["value"] - 0.2) < 0.02


@pytest.mark.parametrize(
    "name",
    ["medianAutomatedStoppingSpec", "decayCurveStoppingSpec", "convexAutomatedStoppingSpec"],
)
def test_stopping_rules_are_for_one_metric(bench, name):
    metrics = [
        {"metricId": "score", "goal": "MAXIMIZE"},
        {"metricId": "cost", "goal": "MINIMIZE"},
    ]
    with pytest.raises(ApiError, match=r"_spec is for studies of one metric, and .* has 2\."):
        bench(lambda b: create(b, "pass", study={"metrics": metrics, name: {}}))


def test_a_label_chooses_the_seed(bench):
    async def body(b):
        first = await tune(b, "report(1)", labels={"vertex-flow-seed": "7"})
        again = await tune(b, "report(1)", labels={"vertex-flow-seed": "7"})
        other = await tune(b, "report(1)")
        return [[values(trial) for trial in job["trials"]] for job in (first, again, other)]

    first, again, other = bench(body)
    assert first == again
    assert first != other


def test_list_and_delete(bench):
    async def body(b):
        job = await tune(b, "report(1)", maxTrialCount=1)
        page = await b.call("GET", f"{PARENT}/hyperparameterTuningJobs")
        operation = await b.call("DELETE", job["name"])
        empty = await b.call("GET", f"{PARENT}/hyperparameterTuningJobs")
        return len(page["hyperparameterTuningJobs"]), operation["done"], empty

    assert bench(body) == (1, True, {})


def test_filters_and_masks(bench):
    async def body(b):
        await tune(b, "report(1)", maxTrialCount=1, displayName="one")
        await tune(b, "raise SystemExit(1)", maxTrialCount=1, displayName="two")
        query = {"filter": 'state="JOB_STATE_FAILED"', "readMask": "displayName,maxTrialCount"}
        return await b.call("GET", f"{PARENT}/hyperparameterTuningJobs", **query)

    assert bench(body)["hyperparameterTuningJobs"] == [{"displayName": "two", "maxTrialCount": 1}]


def test_delete_of_a_running_job(bench):
    async def body(b):
        job = await create(b, "time.sleep(600)")
        await b.call("DELETE", job["name"])

    with pytest.raises(ApiError, match=r"is in state JOB_STATE_PENDING: cancel it first\."):
        bench(body)


def test_labels(bench):
    with pytest.raises(ApiError, match=r"^400 INVALID_ARGUMENT: labels: 'Team': 'x' is not"):
        bench(lambda b: create(b, "pass", labels={"Team": "x"}))


def spec(name: str, **fields: Any) -> dict[str, Any]:
    return {"parameterId": name, **fields}


def conditional(parent: dict[str, Any], field: str, child: dict[str, Any]) -> dict[str, Any]:
    values = ["a"] if "Categorical" in field else [1]
    condition = {field or "parentIntValues": {"values": values}, "parameterSpec": child}
    others = parent.get("conditionalParameterSpecs", [])
    return {**parent, "conditionalParameterSpecs": [*others, condition]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"maxTrialCount": 0}, "max_trial_count must be at least 1, not 0."),
        (
            {"parallelTrialCount": 3},
            "parallel_trial_count (3) must not be above max_trial_count (2).",
        ),
        (
            {"study": {"metrics": []}},
            "study_spec.metrics must not be empty: name the metric to optimise.",
        ),
        (
            {"study": {"metrics": [{"metricId": "score", "goal": 7}]}},
            "study_spec.metrics: the goal of 'score' must be MAXIMIZE or MINIMIZE.",
        ),
        (
            {"study": {"parameters": []}},
            "study_spec.parameters must not be empty: there is nothing to tune.",
        ),
        (
            {"study": {"parameters": [X, X]}},
            "study_spec.parameters: parameter_id 'x' is used twice.",
        ),
        (
            {"study": {"parameters": [spec("x", doubleValueSpec={"minValue": 2, "maxValue": 1})]}},
            "parameter 'x': min_value (2.0) must not be above max_value (1.0).",
        ),
        (
            {"study": {"parameters": [{**X, "scaleType": "UNIT_LOG_SCALE"}]}},
            "parameter 'x': UNIT_LOG_SCALE needs values above 0, and the smallest is 0.0.",
        ),
        (
            {"study": {"parameters": [{**X, "scaleType": 7}]}},
            "parameter 'x': unknown scale_type 7; use one of UNIT_LINEAR_SCALE, UNIT_LOG_SCALE, "
            "UNIT_REVERSE_LOG_SCALE.",
        ),
        (
            {"study": {"parameters": [spec("s", discreteValueSpec={"values": []})]}},
            "parameter 's': values must not be empty.",
        ),
        (
            {"study": {"parameters": [spec("s", discreteValueSpec={"values": [1, 1]})]}},
            "parameter 's': the value 1.0 is there twice.",
        ),
        (
            {"study": {"parameters": [spec("s")]}},
            "parameter 's' has no values: set one of double_value_spec, integer_value_spec, "
            "discrete_value_spec, categorical_value_spec.",
        ),
        (
            {"study": {"algorithm": "GRID_SEARCH"}},
            "study_spec.algorithm GRID_SEARCH needs parameters with finitely many values, and 'x' "
            "is a DOUBLE. Give it DISCRETE values, or choose another algorithm.",
        ),
        (
            {"study": {"parameters": [spec("n", integerValueSpec={"minValue": 2, "maxValue": 1})]}},
            "parameter 'n': min_value (2) must not be above max_value (1).",
        ),
        (
            {
                "study": {
                    "parameters": [
                        spec("x", doubleValueSpec={"minValue": 0, "maxValue": "Infinity"})
                    ]
                }
            },
            "parameter 'x': min_value and max_value must be finite, not 0.0 and inf.",
        ),
        (
            {"study": {"parameters": [spec("s", discreteValueSpec={"values": ["NaN"]})]}},
            "parameter 's': all values must be finite numbers.",
        ),
        (
            {"study": {"parameters": [spec("", doubleValueSpec={})]}},
            "study_spec.parameters: every entry needs a parameter_id.",
        ),
        (
            {"study": {"parameters": [conditional(N, "parentCategoricalValues", X)]}},
            "parameter 'x': its condition on 'n' must be parent_int_values.",
        ),
        (
            {"study": {"parameters": [conditional(X, "parentIntValues", N)]}},
            "parameter 'n' depends on 'x', which is a DOUBLE: only INTEGER, DISCRETE and "
            "CATEGORICAL parameters can have conditional ones.",
        ),
        (
            {"study": {"parameters": [conditional(N, "parentIntValues", N)]}},
            "study_spec.parameters: parameter_id 'n' is used twice.",
        ),
        (
            {
                "study": {
                    "algorithm": "GRID_SEARCH",
                    "parameters": [conditional(N, "parentIntValues", X)],
                }
            },
            "study_spec.algorithm GRID_SEARCH needs parameters with finitely many values, and 'x' "
            "is a DOUBLE. Give it DISCRETE values, or choose another algorithm.",
        ),
        (
            {"study": {"studyStoppingConfig": {"maxNumTrials": -1}}},
            "study_spec.study_stopping_config.max_num_trials must not be negative: -1.",
        ),
        (
            {"study": {"convexAutomatedStoppingSpec": {"minStepCount": -1}}},
            "study_spec.convex_automated_stopping_spec.min_step_count must not be negative: -1.",
        ),
        (
            {"labels": {"vertex-flow-seed": "odd"}},
            "labels: 'vertex-flow-seed' is the seed of the search, a number, not 'odd'.",
        ),
        (
            {"study": {"parameters": [spec("learning rate", doubleValueSpec={})]}},
            "study_spec.parameters: parameter_id 'learning rate' must not contain white space.",
        ),
        (
            {"study": {"parameters": [conditional(conditional(N, "parentIntValues", X), "", X)]}},
            "parameter 'x': two of its conditions on 'n' hold for 1.",
        ),
        (
            {"study": {"parameters": [conditional(N, "parentIntValues", X), X]}},
            "study_spec.parameters: parameter_id 'x' is used twice.",
        ),
        ({"maxFailedTrialCount": -1}, "max_failed_trial_count must not be negative: -1."),
        (
            {"job": {"workerPoolSpecs": [{}]}},
            "trial_job_spec.worker_pool_specs[0] must have a container_spec or a "
            "python_package_spec.",
        ),
    ],
)
def test_refusals(bench, fields, message):
    with pytest.raises(ApiError) as caught:
        bench(lambda b: create(b, "pass", **fields))
    assert (caught.value.status, caught.value.message) == ("INVALID_ARGUMENT", message)


def test_a_condition_that_can_never_hold(bench):
    condition = {"parentCategoricalValues": {"values": ["c"]}, "parameterSpec": X}
    kind = {**KIND, "conditionalParameterSpecs": [condition]}
    with pytest.raises(ApiError, match=r"parameter 'x': 'kind' never is 'c'\."):
        bench(lambda b: create(b, "pass", kind))


@pytest.mark.parametrize("field", ["transferLearningConfig", "convexStopConfig"])
def test_fields_that_version_1_does_not_have(bench, field):
    with pytest.raises(ApiError, match=f'Unknown name "{field}"'):
        bench(lambda b: create(b, "pass", study={field: {}}))


def test_safety_metrics_are_refused(bench):
    metric = {"metricId": "score", "goal": "MAXIMIZE", "safetyConfig": {"safetyThreshold": 1}}
    with pytest.raises(ApiError, match=r"does not support '.*safety_config'"):
        bench(lambda b: create(b, "pass", study={"metrics": [metric]}))


def test_hypertune_writes_what_is_read(bench):
    pytest.importorskip("hypertune")
    text = """
        import hypertune
        for step in (1, 2):
            hypertune.HyperTune().report_hyperparameter_tuning_metric(
                hyperparameter_metric_tag="score", metric_value=step / 10, global_step=step
            )
        tuner = hypertune.HyperTune()
        tuner.report_hyperparameter_tuning_metric("score", 0.7, 3)
    """
    job = bench(lambda b: tune(b, text, maxTrialCount=1))
    assert job["trials"][0]["finalMeasurement"] == {
        **job["trials"][0]["finalMeasurement"],
        "stepCount": "3",
        "metrics": [{"metricId": "score", "value": 0.7}],
    }
    assert json.dumps(job)
