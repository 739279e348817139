"""The walk over the graph. No future annotations: KFP reads the real ones."""

# ruff: noqa: E741, PLR0917, UP006, UP035

from typing import List

from kfp import dsl
from kfp.dsl import Dataset, Output  # noqa: F401 - names in annotations

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import Bench, artifact, details, outputs, states


def test_it_hands_values_from_task_to_task(bench: Bench) -> None:
    @dsl.pipeline(name="sums")
    def pipeline(x: int = 1):
        first = ops.add(a=x, b=2)
        ops.add(a=first.output, b=10)

    job = bench.run(pipeline, {"x": 5})

    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"
    assert outputs(job, "add-2") == {"Output": 17}


def test_it_fills_in_defaults_of_the_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="defaults")
    def pipeline(x: int = 1):
        ops.add(a=x, b=2)

    assert outputs(bench.run(pipeline), "add") == {"Output": 3}


def test_it_keeps_the_types_of_parameters(bench: Bench) -> None:
    @dsl.pipeline(name="kinds")
    def pipeline(i: int, f: float, b: bool, s: str, l: list, d: dict):
        ops.kinds(i=i, f=f, b=b, s=s, l=l, d=d)

    params = {"i": 3, "f": 2, "b": True, "s": "3", "l": [1, 2.5, "x"], "d": {"a": [1]}}
    job = bench.run(pipeline, params)

    assert outputs(job, "kinds")["Output"] == (
        "[3, 2.0, True, '3', [1, 2.5, 'x'], {'a': [1]}, None, 7]"
    )


def test_it_gives_each_field_of_a_named_tuple(bench: Bench) -> None:
    @dsl.pipeline(name="tuples")
    def pipeline():
        ops.two()

    assert outputs(bench.run(pipeline), "two") == {"one": 1, "other": "x"}


def test_independent_tasks_run_at_the_same_time(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="parallel")
    def pipeline(one: str, other: str):
        ops.meet(mine=one, other=other)
        ops.meet(mine=other, other=one)

    job = bench.run(pipeline, {"one": f"{tmp_path}/1", "other": f"{tmp_path}/2"})

    assert states(job) == {"meet": "SUCCEEDED", "meet-2": "SUCCEEDED"}


def test_it_hands_artifacts_on_with_metadata(bench: Bench) -> None:
    @dsl.pipeline(name="files")
    def pipeline():
        ops.read(file=ops.write(text="hello").outputs["file"])

    job = bench.run(pipeline)

    assert outputs(job, "read") == {"Output": "hello5"}
    assert artifact(job, "write", "metrics")["metadata"] == {"accuracy": 0.5}


def test_artifacts_are_below_the_root_of_the_job(bench: Bench) -> None:
    @dsl.pipeline(name="files")
    def pipeline():
        ops.write(text="where")

    job = bench.run(pipeline)
    task = details(job)["write"]

    identifier = job["name"].rpartition("/")[2]
    expected = f"{bench.root}/{identifier}/write_{task['taskId']}/file"
    assert artifact(job, "write", "file")["uri"] == expected


def test_uris_of_buckets_keep_their_form(bench: Bench) -> None:
    @dsl.pipeline(name="buckets")
    def pipeline():
        ops.read(file=ops.write(text="in a bucket").outputs["file"])

    job = bench.run(pipeline, gcsOutputDirectory="gs://bucket/root")
    uri = artifact(job, "write", "file")["uri"]

    assert uri.startswith("gs://bucket/root/")
    assert bench.home.path(uri).read_text() == "in a bucket"
    assert outputs(job, "read") == {"Output": "in a bucket11"}


def test_a_nested_pipeline_is_one_task_with_children(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner(x: int) -> int:
        return ops.add(a=ops.add(a=x, b=1).output, b=1).output

    @dsl.pipeline(name="outer")
    def pipeline():
        ops.add(a=inner(x=40).output, b=0)

    job = bench.run(pipeline)
    tasks = details(job)

    assert outputs(job, "inner") == {"Output": 42}
    assert outputs(job, "add") == {"Output": 42}
    assert tasks["inner.add-2"]["parentTaskId"] == tasks["inner"]["taskId"]
    assert "parentTaskId" not in tasks["inner"]


def test_artifacts_leave_a_nested_pipeline(bench: Bench) -> None:
    @dsl.pipeline(name="inner")
    def inner() -> Dataset:
        return ops.write(text="deep").outputs["file"]

    @dsl.pipeline(name="outer")
    def pipeline():
        ops.read(file=inner().output)

    assert outputs(bench.run(pipeline), "read") == {"Output": "deep4"}


def test_a_condition_that_holds_runs_its_tasks(bench: Bench) -> None:
    job = bench.run(_conditional(), {"x": 11.0})

    assert states(job) == {
        "is-big": "SUCCEEDED",
        "condition-1": "SUCCEEDED",
        "condition-1.say": "SUCCEEDED",
    }


def test_a_condition_that_does_not_hold_triggers_nothing(bench: Bench) -> None:
    job = bench.run(_conditional(), {"x": 9.0})

    assert states(job) == {"is-big": "SUCCEEDED", "condition-1": "NOT_TRIGGERED"}
    assert job["state"] == "PIPELINE_STATE_SUCCEEDED"


def _conditional():
    @dsl.pipeline(name="conditional")
    def pipeline(x: float):
        with dsl.If(ops.is_big(x=x).output == True):  # noqa: E712 - KFP reads it
            ops.say(text="big")

    return pipeline


def test_one_of_takes_the_branch_that_ran(bench: Bench) -> None:
    @dsl.pipeline(name="branches")
    def pipeline(x: int):
        with dsl.If(x == 1):
            one = ops.say(text="one")
        with dsl.Elif(x == 2):
            other = ops.say(text="two")
        with dsl.Else():
            rest = ops.say(text="many")
        ops.say(text=dsl.OneOf(one.output, other.output, rest.output))

    assert outputs(bench.run(pipeline, {"x": 2}), "say-4") == {"Output": "two"}


def test_a_loop_collects_what_its_iterations_give(bench: Bench) -> None:
    @dsl.pipeline(name="loop")
    def pipeline(numbers: List[int] = [1, 2, 3]):  # noqa: B006 - KFP wants the list
        with dsl.ParallelFor(numbers, parallelism=2) as number:
            grown = ops.add(a=number, b=10)
        ops.total(numbers=dsl.Collected(grown.output))

    job = bench.run(pipeline)

    assert outputs(job, "total") == {"Output": 36}
    assert outputs(job, "for-loop-1-2.add") == {"Output": 13}


def test_a_loop_over_dicts_takes_fields(bench: Bench) -> None:
    @dsl.pipeline(name="loop-dicts")
    def pipeline():
        with dsl.ParallelFor([{"a": 1, "b": 2}, {"a": 3, "b": 4}]) as item:
            grown = ops.add(a=item.a, b=item.b)
        ops.total(numbers=dsl.Collected(grown.output))

    assert outputs(bench.run(pipeline), "total") == {"Output": 10}


def test_a_loop_collects_artifacts(bench: Bench) -> None:
    @dsl.pipeline(name="loop-files")
    def pipeline():
        with dsl.ParallelFor(["a", "b"]) as text:
            file = ops.write(text=text)
        ops.join(files=dsl.Collected(file.outputs["file"]))

    assert outputs(bench.run(pipeline), "join") == {"Output": "a,b"}


def test_an_exit_handler_learns_how_it_ended(bench: Bench) -> None:
    @dsl.pipeline(name="exit")
    def pipeline():
        with dsl.ExitHandler(ops.report()):
            ops.fail(text="it broke")

    job = bench.run(pipeline)

    assert job["state"] == "PIPELINE_STATE_FAILED"
    assert outputs(job, "report")["Output"] == (
        "exit-handler-1 FAILED The DAG failed because some tasks failed. "
        "The failed tasks are: [exit-handler-1 > fail]."
    )


def test_a_task_that_ignores_failures_gets_its_default(bench: Bench) -> None:
    @dsl.pipeline(name="ignore")
    def pipeline():
        ops.fail(text=ops.fail().output).ignore_upstream_failure()

    job = bench.run(pipeline)

    assert "ValueError: boom" in details(job)["fail-2"]["error"]["message"]


def test_a_retry_can_succeed(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="retry")
    def pipeline(path: str):
        ops.count_to(path=path, number=3).set_retry(3, backoff_duration="0s")

    job = bench.run(pipeline, {"path": f"{tmp_path}/calls"})

    assert outputs(job, "count-to") == {"Output": 3}


def test_retries_come_to_an_end(bench: Bench, tmp_path) -> None:
    @dsl.pipeline(name="retry")
    def pipeline(path: str):
        ops.count_to(path=path, number=5).set_retry(1, backoff_duration="0s")

    job = bench.run(pipeline, {"path": f"{tmp_path}/calls"})

    assert "RuntimeError: call 2" in details(job)["count-to"]["error"]["message"]


def test_the_history_of_a_task_is_told(bench: Bench) -> None:
    @dsl.pipeline(name="history")
    def pipeline():
        ops.say(text="history")

    history = details(bench.run(pipeline))["say"]["pipelineTaskStatus"]

    assert [entry["state"] for entry in history] == ["PENDING", "RUNNING", "SUCCEEDED"]
