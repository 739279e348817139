"""The pipelines that KFP publishes as valid, run by the engine."""

from __future__ import annotations

import shutil

import pytest

from tests.engine.pipelines.bench import artifact, outputs
from tests.published import catalogue
from tests.published.runs import Published, faults, state


@pytest.mark.timeout(1500)
def test_it_runs_with_the_result_that_it_should_have(published: Published, pipeline: str) -> None:
    program = catalogue.PROGRAMS.get(pipeline)
    if program and shutil.which(program) is None:
        pytest.skip(f"its container calls {program}, which is not on this machine")
    job = published.run(pipeline)

    miss = catalogue.MISSES.get(pipeline)
    if miss is not None and state(job) == "FAILED":
        pytest.xfail(f"{miss.kind}: {miss.reason}")
    assert state(job) == ("FAILED" if pipeline in catalogue.FAILS else "SUCCEEDED"), faults(job)
    for task, expected in catalogue.OUTPUTS.get(pipeline, {}).items():
        assert {name: outputs(job, task)[name] for name in expected} == expected
    for (task, key), text in catalogue.FILES.get(pipeline, {}).items():
        assert published.text(artifact(job, task, key)["uri"]) == text


def test_what_is_known_of_pipelines_is_of_published_ones(names: list[str]) -> None:
    known = {
        *catalogue.ARGUMENTS,
        *catalogue.INPUT_ARTIFACTS,
        *catalogue.FAILS,
        *catalogue.PROGRAMS,
        *catalogue.SLOW,
        *catalogue.OUTPUTS,
        *catalogue.FILES,
        *catalogue.MISSES,
    }
    assert sorted(known - set(names)) == []


def test_over_nine_in_ten_of_those_that_can_run_here_do() -> None:
    misses = catalogue.MISSES.values()
    elsewhere = sum(miss.kind != catalogue.OTHER for miss in misses)
    missed = len(misses) - elsewhere
    assert missed / (catalogue.PIPELINES - elsewhere) < 0.1


def test_no_pipeline_is_both_missed_and_known_to_give_something() -> None:
    known = {*catalogue.OUTPUTS, *catalogue.FILES, *catalogue.FAILS}
    assert sorted(known & set(catalogue.MISSES)) == []
