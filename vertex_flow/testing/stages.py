"""The contract of a stage, as tests that users' own stages inherit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from vertex_flow.contract import Inputs, Outputs, Stage, stage
from vertex_flow.errors import SettingError
from vertex_flow.flow import Flow
from vertex_flow.ports import In, Out, Param, is_artifact

_ZEROS: Mapping[type, Any] = {str: "", int: 0, float: 0.0, bool: False, list: [], dict: {}}


class StageContract:
    """Tests that a stage keeps the contract that `Stage` describes.

    Inherit it in a test file, and pytest runs them. Nothing is run and no engine is started: the
    stage is wired and compiled, between stages that offer what it needs and take what it offers.

    Attributes:
        stage: The stage, with settings that are constants or `Param`s.

    Example:
        ```python
        class TestPreprocess(StageContract):
            stage = Preprocess(test_fraction=0.25)
        ```
    """

    stage: ClassVar[Stage]

    def test_it_compiles_alone(self) -> None:
        """It needs no more than its required inputs."""
        _compiled(_flow(self._alone(), optional=False))

    def test_it_compiles_with_its_optional_inputs(self) -> None:
        """It also compiles where every input is filled."""
        _compiled(_flow(self._alone()))

    def test_every_port_is_emitted(self) -> None:
        """Its nested pipeline gives each of its outputs, and nothing else."""
        alone = self._alone()
        given = _outputs(_compiled(_flow(alone)), alone.name)
        assert given == {name: is_artifact(port.type) for name, port in alone.ports.items()}, (
            "emit gives other outputs than the class declares, or a parameter for an artifact"
        )

    def test_its_spec_is_always_the_same(self) -> None:
        """The same stage gives the same spec: a random or time-dependent one is never cached."""
        first, second = _compiled(_flow(self._alone())), _compiled(_flow(self._alone().changed()))
        assert first == second, "emit depends on more than the stage and its inputs"

    def test_settings_take_parameters(self) -> None:
        """Each setting that is a `Value` works as a parameter of the pipeline too."""
        alone = self._alone()
        params = {
            name: Param(f"given_{name}", _default(getattr(alone, name), kind))
            for name, kind in alone.values_declared.items()
        }
        spec = _compiled(_flow(alone.changed(**params)))
        used = json.dumps(_pipeline(spec, alone.name)["dag"])
        missing = [name for name, param in params.items() if f'"{param.name}"' not in used]
        assert missing == [], f"emit makes no use of {missing}; io.<name> is the setting there"
        stages = {need.stage for need in alone.machines(lambda _: None)}  # all settings are ports
        assert stages <= {alone.name}, "machines names another stage; self.name is its name"

    def test_another_one_takes_its_place(self) -> None:
        """`Flow.replace` keeps each wire to it."""
        alone = self._alone()
        after = _downstream(alone)
        flow = Flow("contract", [*_upstream(alone), alone, after])
        replaced = flow.replace(alone.name, alone.changed(name="another"))
        assert _wires(replaced, after.name) == _wires(flow, after.name)

    def test_two_of_it_fit_into_a_flow(self) -> None:
        """A second one under another name has its own place."""
        alone = self._alone()
        second = alone.changed(name=f"{alone.name[:50]}-2")
        spec = _compiled(Flow("contract", [*_upstream(alone), alone, second]))
        assert {alone.name, second.name} <= set(spec["root"]["dag"]["tasks"])

    def test_it_never_changes(self) -> None:
        """Making another one from it leaves it as it was."""
        alone = self._alone()
        before = {field.name: getattr(alone, field.name) for field in attrs.fields(type(alone))}
        alone.changed(name="another")
        _compiled(_flow(alone))
        after = {name: getattr(alone, name) for name in before}
        changed = [name for name in before if before[name] is not after[name]]
        assert changed == [], f"{changed} of the stage changed while it was compiled"

    def _alone(self) -> Stage:
        """Give the stage with each input left alone."""
        given = getattr(self, "stage", None)
        if not isinstance(given, Stage):
            name = type(self).__name__
            raise SettingError(f"{name}.stage is {given!r}: write `stage = MyStage()` into {name}.")
        return given.changed(**{name: _input(given, name) for name in given.inputs_declared})


def _input(given: Stage, name: str) -> Any:
    """Give the default of an input: how it is when a user leaves it alone."""
    return attrs.fields_dict(type(given))[name].default


def _default(value: Any, kind: type) -> Any:
    """Give a default for a parameter that takes the place of a setting."""
    return value if type(value) is kind else _ZEROS[kind]


def _flow(alone: Stage, *, optional: bool = True) -> Flow:
    return Flow("contract", [*_upstream(alone, optional=optional), alone])


def _upstream(alone: Stage, *, optional: bool = True) -> list[Stage]:
    """Give a stage that offers the inputs of another one; none where it needs none."""
    from vertex_flow.testing.sources import source_of

    wanted = {
        name: kind
        for name, kind in alone.inputs_declared.items()
        if optional or not _input(alone, name).optional
    }
    if not wanted:
        return []

    def emit(self: Stage, io: Inputs) -> Outputs:
        return {name: source_of(kind) for name, kind in wanted.items()}

    outputs: dict[str, Any] = {name: Out(kind) for name, kind in wanted.items()}
    return [_made("Upstream", {**outputs, "emit": emit})]


def _downstream(alone: Stage) -> Stage:
    """Give a stage that takes the outputs of another one."""
    hints: dict[str, Any] = {name: In[port.type] for name, port in alone.ports.items()}  # type: ignore[name-defined]
    inputs: dict[str, Any] = {name: In() for name in hints}
    return _made("Downstream", {**inputs, "__annotations__": hints})


def _made(name: str, body: Mapping[str, Any]) -> Stage:
    made: type[Stage] = type(name, (Stage,), {**body, "__module__": __name__})
    return stage(made)()


def _wires(flow: Flow, name: str) -> dict[str, str]:
    node = next(node for node in flow.graph.nodes if node.name == name)
    return {name: str(port) for name, port in node.sources.items()}


def _compiled(flow: Flow) -> dict[str, Any]:
    """Give the PipelineSpec of a flow, as plain values."""
    from google.protobuf import json_format

    from vertex_flow import compiler

    spec: dict[str, Any] = json_format.MessageToDict(compiler.build(flow.graph).pipeline_spec)
    return spec


def _outputs(spec: Mapping[str, Any], name: str) -> dict[str, bool]:
    """Give the outputs of a stage's nested pipeline, and whether each is an artifact."""
    outputs = _pipeline(spec, name).get("outputDefinitions", {})
    parameters, artifacts = outputs.get("parameters", {}), outputs.get("artifacts", {})
    return {**dict.fromkeys(parameters, False), **dict.fromkeys(artifacts, True)}


def _pipeline(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give the nested pipeline of a stage."""
    reference = spec["root"]["dag"]["tasks"][name]["componentRef"]["name"]
    pipeline: dict[str, Any] = spec["components"][reference]
    return pipeline
