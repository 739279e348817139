"""Why stages were, or were not, served from the cache: on a real engine, one change at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.vertex import vertex_ai
from tests.runs.lab import Lab, Read, Say, edited, laboratory, long, rounds, sample, spec_of
from tests.samples import Source, compiled
from vertex_flow import Flow, Run
from vertex_flow.errors import SettingError
from vertex_flow.report.reason import Reason
from vertex_flow.runs.reaching import connect
from vertex_flow.stages import ImportDataset

CODE = "file:///code@sha256:"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with laboratory(tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture(scope="module")
def twice(lab: Lab) -> tuple[Run, Run]:
    """A run, and the same again."""
    return lab.run(long("twice")), lab.run(long("twice"))


def causes(reason: Reason) -> list[str]:
    return [one.cause for one in reason.tasks]


def kinds(reason: Reason) -> list[tuple[str, str, Any, Any]]:
    return [(one.kind, one.name, one.before, one.after) for one in reason.changes]


def test_the_first_run(twice: tuple[Run, Run]) -> None:
    first, _ = twice
    assert first.why("fit").summary == (
        f"fit ran in run {first.job_id}: there is no earlier run of pipeline twice."
    )


def test_a_result_that_was_reused_is_of_the_run_that_made_it(twice: tuple[Run, Run]) -> None:
    first, second = twice
    (task,) = second.why("fit").tasks
    made = next(one for one in first.snapshot().details if one.task_name == "make-model")
    assert (task.state, task.cause, task.run) == ("reused", "reused", first.job_id)
    assert task.made == made.end_time


def test_a_result_without_artifacts_is_found_by_what_went_in(twice: tuple[Run, Run]) -> None:
    first, second = twice
    assert [one.run for one in second.why("spend").tasks] == [first.job_id]


def test_a_constant_and_what_follows_from_it(lab: Lab) -> None:
    first, second = lab.run(long("constant")), lab.run(long("constant", size=4))
    assert second.why("source").summary == (
        f"source ran again in run {second.job_id}: its parameter size went from 3 to 4. Compared "
        f"with run {first.job_id}."
    )
    assert second.why("score").summary == (
        f"score ran again in run {second.job_id}: its input model changed, because fit ran again: "
        "its input data changed, because source ran again: its parameter size went from 3 to 4. "
        f"Compared with run {first.job_id}."
    )
    assert causes(second.why("spend")) == ["reused"]


def test_a_parameter_of_the_pipeline(lab: Lab) -> None:
    lab.run(sample("parameter"))
    second = lab.run(sample("parameter"), rate=0.5)
    assert causes(second.why("source")) == ["reused"]
    assert kinds(second.why("fit")) == [("parameter", "rate", 0.1, 0.5)]


def test_code(lab: Lab) -> None:
    lab.run(sample("code"))
    second = lab.run(edited(sample("code"), "file.write(str(rate))", "file.write(str(rate * 2))"))
    (change,) = second.why("fit").changes
    assert (change.kind, change.name) == ("code", "source")
    assert change.lines[-1] == "+        file.write(str(rate * 2))"
    assert causes(second.why("source")) == ["reused"]


def test_an_image(lab: Lab) -> None:
    lab.run(sample("image"))
    second = lab.run(edited(sample("image"), "python:3.11", "python:3.12"))
    assert kinds(second.why("source")) == [("image", "image", "python:3.11", "python:3.12")]


def test_training_code(lab: Lab) -> None:
    from vertex_flow import Param

    spec = compiled(Say(text=Param("training_image", "")), name="training")
    old, new = (CODE + digit * 64 for digit in "ab")
    lab.run(spec, training_image=old)
    reason = lab.run(spec, training_image=new).why("say")
    assert kinds(reason) == [("code", "training_image", old, new)]
    assert "training_image went from code@aaaaaaaaaaaa to code@bbbbbbbbbbbb" in reason.summary


def test_a_setting_of_the_container(lab: Lab) -> None:
    lab.run(sample("setting"))
    old, new = '"image": "python:3.11"', '"image": "python:3.11", "resources": {"cpuLimit": 2.0}'
    second = lab.run(edited(sample("setting"), old, new))
    assert kinds(second.why("fit"))[0] == ("setting", "container.resources.cpuLimit", None, 2)


def test_the_name_of_the_run_is_no_change(lab: Lab) -> None:
    spec = compiled(Say(text="{{$.pipeline_job_name}}-x"), name="own-name")
    first, second = lab.run(spec), lab.run(spec)
    assert second.why("say").tasks[0].run == first.job_id
    third = lab.run(edited(spec, "job_name}}-x", "job_name}}-y"))
    assert kinds(third.why("say")) == [
        ("constant", "text", "{{$.pipeline_job_name}}-x", "{{$.pipeline_job_name}}-y")
    ]


def test_what_an_older_run_has_made_is_reused(lab: Lab) -> None:
    first, _ = lab.run(sample("older")), lab.run(sample("older", size=4))
    third = lab.run(sample("older"), rate=0.5)
    assert [one.run for one in third.why("source").tasks] == [first.job_id]
    assert (
        "data changed, because source gave an older result: its parameter size went from 4 to 3"
        in third.why("fit").summary
    )


def test_a_result_that_was_reused_under_another_name(lab: Lab) -> None:
    first = lab.run(compiled(Source(), name="renamed"))
    second = lab.run(compiled(Source(name="origin"), name="renamed"))
    assert [one.run for one in second.why("origin").tasks] == [first.job_id]


def test_a_result_of_a_run_that_was_deleted(lab: Lab) -> None:
    first = lab.run(sample("deleted"))
    client, _ = connect(lab.context)
    client._pipelines.delete_pipeline_job(name=first.name).result()
    (task,) = lab.run(sample("deleted")).why("source").tasks
    assert (task.cause, task.run) == ("reused", "")
    assert task.made is not None
    assert task.note.endswith("is of a run that was deleted, or is older than those looked at")


def test_caching_off_for_the_run(lab: Lab) -> None:
    lab.run(sample("off"))
    second = lab.run(edited(sample("off"), '"enableCache": true', '"enableCache": false'))
    assert second.why("fit").summary == (
        f"fit ran in run {second.job_id}: caching is switched off for the whole run."
    )


def test_caching_off_for_the_stage(lab: Lab) -> None:
    spec = compiled(Source(cache=False), Say(), name="off-stage")
    assert [one.note for one in lab.run(spec).why("source").tasks] == [
        "caching is switched off for the stage"
    ]


def test_a_result_that_was_not_kept(lab: Lab) -> None:
    uncached = edited(sample("unkept"), '"enableCache": true', '"enableCache": false')
    first, second = lab.run(uncached), lab.run(sample("unkept"))
    (task,) = second.why("source").tasks
    assert (task.cause, task.note) == (
        "not kept",
        f"caching was switched off for it in run {first.job_id}, so no result was kept",
    )


def test_a_result_that_was_removed(lab: Lab) -> None:
    first = lab.run(sample("removed"))
    uri = first["source"].artifacts["data"].uri
    Path(uri).unlink()
    second = lab.run(sample("removed"))
    assert second.why("fit").summary == (
        f"fit ran again in run {second.job_id}: its input data changed, because source ran again: "
        f"the result of run {first.job_id} was removed: there is no {uri}. Compared with run "
        f"{first.job_id}."
    )


def test_a_stage_that_failed_before(lab: Lab) -> None:
    broken = edited(sample("broken"), "file.write(str(rate))", "raise RuntimeError()")
    first, second = lab.run(broken), lab.run(sample("broken"))
    (task,) = second.why("fit").tasks
    assert (task.cause, task.run) == ("failed before", first.job_id)
    assert causes(second.why("source")) == ["reused"]


def test_a_stage_that_failed_and_one_that_was_not_reached(lab: Lab) -> None:
    lab.run(long("fails"))
    broken = edited(long("fails"), "file.write(str(rate))", "raise RuntimeError()")
    run = lab.run(broken)
    assert run.why("fit").summary.startswith(f"fit failed in run {run.job_id}: its code changed.")
    assert run.why("score").summary == (
        f"score was not reached in run {run.job_id}: the run failed before, in fit."
    )


def test_a_condition_that_did_not_hold(lab: Lab) -> None:
    spec = edited(long("condition"), "return (True,", "return (False,")
    run = lab.run(spec)
    assert run.why("spend").summary == (
        f"spend was left out in run {run.job_id}: its condition did not hold: score-passed == "
        "true, and score-passed is false."
    )


def test_data_that_was_changed(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "data.txt"
    file.write_text("old")
    spec = compiled(ImportDataset(str(file)), Read(), name="data")
    first = lab.run(spec)
    file.write_text("newer")
    second = lab.run(spec)
    assert second.why("read").summary == (
        f"read ran again in run {second.job_id}: the data at {file} was changed. Compared with "
        f"run {first.job_id}."
    )


def test_data_whose_time_was_set_back_is_not_known_to_have_changed(
    lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "data.txt"
    file.write_text("old")
    spec = compiled(ImportDataset(str(file)), Read(), name="data-back")
    lab.run(spec)
    os.utime(file, (1, 1))
    assert causes(lab.run(spec).why("read")) == ["unknown"]


def test_other_data(lab: Lab, tmp_path: Path) -> None:
    files = [tmp_path / "old.txt", tmp_path / "new.txt"]
    for file in files:
        file.write_text("same")
    runs = [lab.run(compiled(ImportDataset(str(one)), Read(), name="data-2")) for one in files]
    (change,) = runs[1].why("read").changes
    assert (change.origin, change.because and change.because.changes[0].after) == (
        "import-dataset",
        str(files[1]),
    )


def test_an_importer(lab: Lab, tmp_path: Path) -> None:
    run = lab.run(compiled(ImportDataset(str(tmp_path)), name="importer"))
    assert run.why("import-dataset").summary == (
        f"import-dataset ran in run {run.job_id}: an importer always runs: it only notes where "
        "the data is."
    )


def test_a_pipeline_that_no_flow_has_made(lab: Lab) -> None:
    first, second = lab.run(spec_of(rounds)), lab.run(spec_of(rounds), text="y")
    loop = next(one.name for one in second.stages if one.name.startswith("for-loop"))
    assert kinds(second.why("repeat")) == [("parameter", "text", "x", "y")]
    assert [one.run for one in second.why(loop).tasks] == [first.job_id] * 2


def test_runs_of_a_flow(tmp_path: Path, lab: Lab) -> None:
    first = Flow("flow", [Source()]).run(lab.context, progress=None)
    second = Flow("flow", [Source(size=5)]).run(lab.context, progress=None)
    assert second.why("source").tasks[0].run == first.job_id
    assert kinds(second.why("source")) == [("constant", "size", 3, 5)]


def test_a_reason_is_plain_data(lab: Lab) -> None:
    lab.run(sample("plain"))
    found = json.loads(json.dumps(lab.run(sample("plain", size=4)).why("fit").as_json()))
    because = found["changes"][0]["because"]
    assert (because["stage"], because["changes"][0]["after"]) == ("source", 4)


def test_a_stage_that_there_is_not(twice: tuple[Run, Run]) -> None:
    with pytest.raises(SettingError, match=r"has no stage 'sorce'.* Did you mean 'source'"):
        twice[0].why("sorce")


def test_in_the_cloud(tmp_path: Path) -> None:
    with vertex_ai(tmp_path) as cloud:
        first = Flow("flow", [Source(), Say()]).run(cloud.context, progress=None)
        second = Flow("flow", [Source(size=5), Say()]).run(cloud.context, progress=None)
        assert kinds(second.why("source")) == [("constant", "size", 3, 5)]
        assert [one.run for one in second.why("say").tasks] == [first.job_id]
        assert cloud.between.problems == []
