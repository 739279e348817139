"""Why stages were, or were not, served from the cache, for what no engine shows."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from tests.jobs import job, message, task
from tests.report.sides import HOSTILE
from tests.runs.lab import edited
from tests.samples import Source, compiled
from vertex_flow import Param
from vertex_flow.report.explaining import Witness
from vertex_flow.report.reason import Change, Reason, TaskReason, listing
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.report.why import explain

CLOUD = Witness(by_id=True, gone=lambda _: "", changed=lambda _: None)
DATA = {"schemaTitle": "system.Dataset", "uri": "gs://b/data", "name": "artifacts/1"}


def run(*details: dict[str, Any], state: str = "SUCCEEDED", **more: Any) -> Snapshot:
    plain = {**job(state, *details), **more}
    plain["name"] = plain["name"].replace("sample-1", plain.pop("id", "run-2"))
    return Snapshot(message(plain))


def source(state: str = "SUCCEEDED", *, day: str = "02", artifact: Any = DATA) -> Any:
    """A stage `source` of one task, at a day of the month."""
    outputs = {"data": artifact} if state in ("SUCCEEDED", "SKIPPED") else {}
    times = {"createTime": f"2025-01-{day}T00:00:00Z", "endTime": f"2025-01-{day}T00:00:09Z"}
    return (
        task(1, "source", state.replace("SKIPPED", "SUCCEEDED"), outputs=outputs, **times),
        task(2, "make-data", state, parent=1, outputs=outputs, **times),
    )


def why(now: Snapshot, stage: str, *earlier: Snapshot) -> Reason:
    found = next(one for one in now.stages if one.name == stage)
    return explain(now, found, earlier, CLOUD)


def test_a_stage_that_has_not_started() -> None:
    now = run(*source("RUNNING"), state="RUNNING")
    assert why(now, "fit").summary == "fit has not started in run run-2."


def test_a_stage_that_runs() -> None:
    now = run(*source("RUNNING"), state="RUNNING")
    assert why(now, "source").summary == (
        "source is running in run run-2: there is no earlier run of pipeline sample."
    )


def test_a_stage_whose_task_is_still_pending() -> None:
    now = run(*source("PENDING"), state="RUNNING")
    assert [one.note for one in why(now, "source").tasks] == ["it has not started"]


def test_a_run_that_was_cancelled() -> None:
    now = run(*source("CANCELLED"), state="CANCELLED")
    assert why(now, "fit").summary == (
        "fit was not reached in run run-2: the run was cancelled before."
    )


def test_nothing_that_is_known_has_changed_in_the_cloud() -> None:
    now, then = run(*source(day="03")), run(*source(), id="run-1")
    assert why(now, "source", then).summary == (
        "source ran again in run run-2: nothing that is known of it has changed since run run-1. "
        "Vertex AI does not say more: that result may have been deleted from Vertex ML Metadata "
        "in the meantime."
    )


def test_an_artifact_of_another_id_is_another_one_in_the_cloud() -> None:
    def fit(day: str, number: int) -> Any:
        inputs = {"data": {"artifacts": [{**DATA, "name": f"artifacts/{number}"}]}}
        times = {"createTime": f"2025-01-{day}T01:00:00Z", "endTime": f"2025-01-{day}T01:00:09Z"}
        return (
            task(3, "fit", "SUCCEEDED", **times),
            task(4, "make-model", "SUCCEEDED", parent=3, inputs=inputs, **times),
        )

    now = run(*source(day="03"), *fit("03", 2))
    then = run(*source(), *fit("02", 1), id="run-1")
    (change,) = why(now, "fit", then).changes
    assert (change.kind, change.name, change.origin) == ("input", "data", "source")


def test_a_run_that_was_not_over_when_the_task_began_tells_nothing() -> None:
    now, then = run(*source(day="03")), run(*source(day="04"), id="run-1")
    assert [one.cause for one in why(now, "source", then).tasks] == ["first"]


def test_a_stage_that_is_new_in_its_pipeline() -> None:
    now, then = run(*source(day="03")), run(id="run-1", pipelineSpec=compiled(Source(name="x")))
    assert [one.note for one in why(now, "source", then).tasks] == [
        "it has succeeded in none of the earlier runs looked at, 1 in all"
    ]


def test_a_cache_key_of_the_authors_own() -> None:
    def keyed(key: str, size: int) -> dict[str, Any]:
        old, new = '"enableCache": true', f'"enableCache": true, "cacheKey": "{key}"'
        return edited(compiled(Source(size=size)), old, new)

    then = run(*source(), id="run-1", pipelineSpec=keyed("a", 3))
    same = run(*source(day="03"), pipelineSpec=keyed("a", 4))
    other = run(*source(day="03"), pipelineSpec=keyed("b", 3))
    assert [one.cause for one in why(same, "source", then).tasks] == ["unknown"]
    (change,) = why(other, "source", then).changes
    assert (change.name, change.before, change.after) == ("cache key", "a", "b")


def test_a_change_inside_a_stage_names_the_task() -> None:
    because = TaskReason(stage="train", task="job", state="ran", cause="caching off", note="x")
    change = Change(kind="input", name="model", stage="train", origin="train", because=because)
    assert str(change) == "its input model changed, because job ran: x"


def test_the_task_of_the_pipeline_itself_is_none_of_a_stage() -> None:
    root = task(9, "run-2", "SUCCEEDED")
    stage, inner = source()
    details = [{**stage, "parentTaskId": "9"}, inner]
    reason = why(run(root, *details), "source")
    assert [one.task for one in reason.tasks] == ["make-data"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_values_of_any_kind_fit_a_terminal(text: str) -> None:
    spec = compiled(Source(size=Param("size", 3)))
    runs = [
        run(*source(day=day), id=name, pipelineSpec=spec, runtimeConfig={"parameterValues": given})
        for day, name, given in (("03", "run-2", {"size": text}), ("02", "run-1", {}))
    ]
    shown = str(why(runs[0], "source", runs[1]))
    assert "the pipeline parameter size went from 3 to" in shown.replace("\n", " ")
    assert max(map(cell_len, shown.split("\n"))) <= 80
    assert all(char.isprintable() for char in shown.replace("\n", ""))


def test_many_changes_are_counted() -> None:
    changes = [Change(kind="constant", name=f"p{index}", after=index) for index in range(7)]
    assert listing(changes).endswith("its parameter p4 was set to 4; and 2 more")


def test_what_is_not_set_any_more() -> None:
    change = Change(kind="setting", name="env.A", before="x")
    assert str(change) == "its env.A is not set any more; it was x"
