"""What is made ready for a run. No future annotations: KFP reads the real ones."""

from typing import cast

from google.protobuf import json_format, struct_pb2
from kfp import dsl

from tests.engine.pipelines import components as ops
from tests.engine.pipelines.bench import spec_of
from vertex_flow.engine.pipelines import spec
from vertex_flow.engine.pipelines.warmup import WarmUp
from vertex_flow.engine.processes import Launcher


@dsl.component(base_image="python:3.11")
def heavy():
    import pandas  # noqa: F401


@dsl.pipeline(name="warm")
def pipeline():
    heavy()
    ops.two()
    ops.bare()


class Prewarmed:
    def __init__(self) -> None:
        self.programs: list[set[frozenset[str]]] = []

    def prewarm(self, programs: set[frozenset[str]]) -> None:
        self.programs.append(programs)


def _warm_up() -> tuple[WarmUp, Prewarmed]:
    plan = spec.read(json_format.ParseDict(spec_of(pipeline), struct_pb2.Struct()))
    launcher = Prewarmed()
    return WarmUp(plan, cast(Launcher, launcher)), launcher


def test_what_components_import_is_made_ready() -> None:
    warm_up, launcher = _warm_up()

    warm_up.begin()

    assert launcher.programs == [{frozenset(), frozenset({"numpy", "pandas"})}]


def test_what_is_not_needed_any_more_is_left_out() -> None:
    warm_up, launcher = _warm_up()

    warm_up.passed("exec-heavy")
    warm_up.begin()

    assert launcher.programs == [{frozenset()}]


def test_it_happens_once() -> None:
    warm_up, launcher = _warm_up()

    warm_up.begin()
    warm_up.begin()

    assert len(launcher.programs) == 1
