"""Runs that are compared, on a real engine: what is read of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.cloud.vertex import vertex_ai
from tests.runs.lab import Lab, edited, laboratory, long, rounds, sample, spec_of
from tests.samples import Source
from vertex_flow import Flow, Run
from vertex_flow.errors import SettingError
from vertex_flow.report.comparison import Comparison, Row


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with laboratory(tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture(scope="module")
def base(lab: Lab) -> Run:
    """Four stages."""
    return lab.run(long("base"))


def named(comparison: Comparison, section: str, name: str) -> Row:
    return next(row for row in comparison.section(section) if row.name == name)


def names(comparison: Comparison) -> list[tuple[str, str]]:
    return [(row.section, row.name) for row in comparison.differences]


def test_a_run_that_reuses_everything_is_the_same(lab: Lab, base: Run) -> None:
    comparison = base.diff(lab.run(long("base")))
    assert comparison.same
    assert named(comparison, "stages", "fit").values == ("succeeded", "reused")


def test_the_same_content_in_another_place(lab: Lab, base: Run) -> None:
    uncached = edited(long("base"), '"enableCache": true', '"enableCache": false')
    comparison = base.diff(lab.run(uncached))
    row = named(comparison, "artifacts", "fit.model")
    assert (row.same, row.note, len(set(row.values))) == (True, "same content", 2)
    assert {section for section, _ in names(comparison)} == {"settings"}


def test_a_parameter_and_what_came_of_it(lab: Lab, base: Run) -> None:
    comparison = base.diff(lab.run(long("base"), rate=0.7))
    assert names(comparison) == [("parameters", "rate"), ("artifacts", "fit.model")]
    assert named(comparison, "parameters", "rate").values == (0.1, 0.7)
    assert named(comparison, "artifacts", "fit.model").note == "other content"


def test_a_result_that_is_gone(lab: Lab) -> None:
    first, second = lab.run(sample("gone")), lab.run(sample("gone", size=9))
    Path(first["source"].artifacts["data"].uri).unlink()
    assert named(first.diff(second), "artifacts", "source.data").note == "other content"


def test_a_run_that_failed_half_way(lab: Lab, base: Run) -> None:
    broken = edited(long("base"), "file.write(str(rate))", "raise RuntimeError('no luck')")
    comparison = base.diff(lab.run(broken))
    assert named(comparison, "stages", "score").values == ("succeeded", "not reached")
    assert named(comparison, "artifacts", "fit.model").values[1] is None
    failure = named(comparison, "run", "failure").values[1]
    assert failure.startswith("fit: ")


def test_runs_of_different_pipelines(lab: Lab, base: Run) -> None:
    comparison = base.diff(lab.run(spec_of(rounds)))
    assert named(comparison, "run", "flow").values == ("base", "rounds")
    assert named(comparison, "stages", "repeat").values == (None, "succeeded")
    assert {section for section, _ in names(comparison)} <= {"run", "parameters", "stages"}


def test_runs_in_the_cloud_whose_files_are_in_a_bucket(tmp_path: Path) -> None:
    with vertex_ai(tmp_path) as cloud:
        endpoints = {**cloud.context.api_endpoints, "storage": cloud.engine.endpoint}
        context = attrs.evolve(cloud.context, api_endpoints=endpoints)
        first, second, third = (
            Flow("pair", [Source(size=size, cache=False)]).run(context, progress=None)
            for size in (3, 3, 4)
        )
        found = first.diff(second)
        assert (found.same, named(found, "run", "place").values[0]) == (
            True,
            "project acme, us-central1",
        )
        row = named(first.diff(third), "artifacts", "source.data")
        assert (row.values[0].startswith("gs://"), row.note) == (True, "other content")


def test_three_runs(lab: Lab, base: Run) -> None:
    comparison = base.diff(lab.run(long("base")), lab.run(long("base"), rate=0.3))
    assert named(comparison, "parameters", "rate").values == (0.1, 0.1, 0.3)


@pytest.mark.parametrize("others", [(), ("run-1",)])
def test_something_that_is_no_run(base: Run, others: tuple[Run, ...]) -> None:
    with pytest.raises(SettingError) as caught:
        base.diff(*others)
    assert str(caught.value) == (
        f"Run.diff({', '.join(map(repr, others))}): expected one run or more: "
        "Run.attach(context, name)."
    )
