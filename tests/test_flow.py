"""The facade: a name and a list of stages, from which other flows are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.samples import Fit, Score, Source, Spend
from vertex_flow import Flow, Inputs, Outputs, Param, Stage, Trainer, Value, When, stage
from vertex_flow.errors import SettingError, WiringError
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.stages import ImportDataset, Preprocess, Train


@pytest.fixture
def flow() -> Flow:
    score = Score()
    last = Spend(amount=Param("amount", 0.5))
    return Flow("sample", [Source(), Fit(), score, When(score.passed, [last])])


def names(flow: Flow) -> list[str]:
    return [stage.name for stage in flow.stages]


def test_stages_are_those_inside_a_when_too(flow: Flow) -> None:
    assert names(flow) == ["source", "fit", "score", "spend"]


def test_a_stage_is_found_by_name(flow: Flow) -> None:
    assert isinstance(flow["fit"], Fit)


def test_an_unknown_stage_has_its_nearest_name(flow: Flow) -> None:
    with pytest.raises(SettingError) as caught:
        _ = flow["scor"]
    assert str(caught.value) == (
        "flow 'sample' has no stage 'scor'; it has source, fit, score, spend. Did you mean 'score'?"
    )


def test_what_the_context_supplies_for_tensorboard_is_no_wire() -> None:
    trainer = Trainer(module="trainer.task", image="mine:1")
    shown = str(Flow("sample", [ImportDataset("gs://b/x"), Preprocess(), Train(trainer)]))
    assert "tensorboard" not in shown
    assert "service_account" not in shown


def test_a_flow_prints_every_wire(flow: Flow) -> None:
    assert str(flow) == "\n".join(
        [
            "flow 'sample'",
            "  source",
            "      → data  Dataset",
            "  fit",
            "      ← data   source.data",
            "      → model  Model",
            "  score",
            "      ← model   fit.model",
            "      → passed  bool",
            "      → share   float",
            "      → count   int",
            "      → label   str",
            "  when score.passed",
            "    spend",
            "        ← model   fit.model",
            "        ← amount  parameter 'amount', 0.5 by default",
        ]
    )


def test_the_repr_of_a_flow_is_short(flow: Flow) -> None:
    assert repr(flow) == "Flow('sample', ['source', 'fit', 'score', 'spend'])"


def test_replace_keeps_name_and_wires(flow: Flow) -> None:
    changed = flow.replace("fit", Fit(name="other", rate=0.7))
    assert (names(changed), str(changed)) == (names(flow), str(flow))
    assert changed["fit"].settings == {"rate": 0.7}


def test_replace_leaves_the_first_flow_as_it_was(flow: Flow) -> None:
    flow.replace("fit", Fit(rate=0.7))
    assert flow["fit"].settings == {"rate": 0.1}


def test_replace_works_inside_a_when(flow: Flow) -> None:
    assert flow.replace("spend", Spend(times=5))["spend"].settings["times"] == 5


def test_replace_by_a_stage_that_lacks_a_used_port_is_a_fault(flow: Flow) -> None:
    with pytest.raises(WiringError, match=r"'score' has no such output; it has data"):
        flow.replace("score", Source())


def test_replace_by_a_class_is_a_fault(flow: Flow) -> None:
    wrong: Any = Fit
    with pytest.raises(WiringError, match="Fit is a class, not a stage"):
        flow.replace("fit", wrong)


def test_without_leaves_a_stage_out(flow: Flow) -> None:
    assert names(flow.without("spend")) == ["source", "fit", "score"]


def test_without_tells_what_now_lacks_an_input(flow: Flow) -> None:
    with pytest.raises(WiringError, match=r"score\.model needs a Model"):
        flow.without("fit")


def test_insert_after_wires_what_follows_anew(flow: Flow) -> None:
    changed = flow.insert_after("fit", Fit(name="refit"))
    sources = {node.name: node.sources for node in changed.graph.nodes}
    assert str(sources["score"]["model"]) == "refit.model"


def test_insert_before_stays_inside_the_when(flow: Flow) -> None:
    changed = flow.insert_before("spend", Spend(name="first"), Spend(name="second"))
    scopes = {node.name: len(node.scope) for node in changed.graph.nodes}
    assert list(scopes.items())[-3:] == [("first", 1), ("second", 1), ("spend", 1)]


@pytest.mark.parametrize("method", ["without", "insert_before", "insert_after"])
def test_changing_an_unknown_stage_is_refused(flow: Flow, method: str) -> None:
    with pytest.raises(SettingError, match=r"has no stage 'train'"):
        getattr(flow, method)("train")


def test_a_flow_name_is_checked() -> None:
    with pytest.raises(SettingError, match=r"'My Flow' is not a valid name: .* Try 'my-flow'\."):
        Flow("My Flow", [Source()])


def test_a_stage_alone_is_no_list() -> None:
    alone: Any = Source()
    with pytest.raises(SettingError, match="stands alone where a list of stages is expected"):
        Flow("sample", alone)


def test_a_flow_takes_any_iterable() -> None:
    stages: list[Stage] = [Source(), Fit()]
    assert names(Flow("sample", (one for one in stages))) == ["source", "fit"]  # type: ignore[arg-type]


def test_compile_gives_the_absolute_path(flow: Flow, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "flow.json"
    assert flow.compile(target) == target
    assert target.is_file()


def test_a_flow_runs_in_a_context() -> None:
    with pytest.raises(SettingError, match=r"Flow\.run\('vertex'\): expected a GcpContext"):
        Flow("spend", [Spend(amount=0.5)]).run("vertex")  # type: ignore[arg-type]


@stage
class Render(Stage):
    """Starts a job of its own kind."""

    machine: Value[str] = "n1-standard-4"

    def emit(self, io: Inputs) -> Outputs:
        raise NotImplementedError

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        return (MachineNeed.of(self.name, "training", known, {"machine_type": self.machine}),)


def test_a_stage_says_what_its_jobs_run_on() -> None:
    flow = Flow("film", [Source(), Render(machine=Param("machine", "c2-standard-8"))])
    assert [need.machine_type for need in flow.machines()] == ["c2-standard-8"]
    assert [need.machine_type for need in flow.machines({"machine": "c2-standard-4"})] == [
        "c2-standard-4"
    ]


def test_machines_of_a_parameter_that_is_none() -> None:
    flow = Flow("film", [Render(machine=Param("machine", "c2-standard-8"))])
    with pytest.raises(SettingError) as caught:
        flow.machines({"machin": "c2-standard-4"})
    assert str(caught.value) == (
        "flow 'film' has no parameter 'machin'; it has machine. Did you mean 'machine'?"
    )


def test_a_flow_alone_in_a_cell_is_its_picture_or_its_wires() -> None:
    flow = Flow("sample", [Source(), Fit()])
    shown = flow._repr_mimebundle_(include=None, exclude=None)
    assert shown == {"text/html": f"<div>{flow.svg()}</div>", "text/plain": str(flow)}
