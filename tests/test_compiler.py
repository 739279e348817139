"""Compiling: what ends up in the file, and that it is the same file everywhere."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.samples import Fit, Score, Source, Spend, as_text, compiled, tasks_of
from vertex_flow import Flow, Inputs, Outputs, Param, Stage, Value, When, stage
from vertex_flow.errors import SettingError

ROOT = Path(__file__).parent.parent

# What a machine without network and credentials does: every connection fails at once.
COMPILE = """
import socket, sys
def refuse(*_, **__): raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = refuse
from mnist_flow import mnist_flow
mnist_flow().compile(sys.argv[1])
"""


def compile_example(target: Path, *, seed: str, cwd: Path) -> bytes:
    """Compile the example's flow in a fresh process that has nothing of this one's."""
    env = {
        "PATH": os.defpath,
        "HOME": str(cwd),
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "examples")]),
    }
    command = [sys.executable, "-W", "error", "-c", COMPILE, str(target)]
    subprocess.run(command, cwd=cwd, env=env, check=True, timeout=120)
    return target.read_bytes()


def without_words(plain: Any) -> Any:
    """A spec without the components' source code and the descriptions of their inputs."""
    if isinstance(plain, dict):
        kept = {key: value for key, value in plain.items() if key not in ("command", "description")}
        return {key: without_words(value) for key, value in kept.items()}
    return [without_words(value) for value in plain] if isinstance(plain, list) else plain


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The example's flow, compiled offline, without credentials, with warnings as errors."""
    folder = tmp_path_factory.mktemp("compiled")
    return compile_example(folder / "mnist.yaml", seed="1", cwd=folder)


def test_another_process_in_another_folder_gives_the_same_bytes(
    example: bytes, tmp_path: Path
) -> None:
    again = compile_example(tmp_path / "mnist.yaml", seed="2", cwd=tmp_path)
    assert hashlib.sha256(again).hexdigest() == hashlib.sha256(example).hexdigest()


def test_kfp_loads_the_file(example: bytes) -> None:
    assert components.load_component_from_text(example.decode()).name == "mnist"


def test_the_file_is_a_pipeline_spec_without_unknown_fields(example: bytes) -> None:
    spec = pipeline_spec_pb2.PipelineSpec()
    json_format.ParseDict(yaml.safe_load(example), spec, ignore_unknown_fields=False)
    assert spec.pipeline_info.name == "mnist"


def test_the_file_holds_nothing_of_a_machine_or_project(example: bytes) -> None:
    data = "gs://your-bucket/mnist.npz"  # the default of the example's own parameter
    text = str(without_words(yaml.safe_load(example))).replace(data, "")
    # A resource name starts with Vertex AI's own placeholder for the project.
    words = (
        re.escape(str(ROOT)),
        re.escape(str(Path.home())),
        "gs://",
        r"projects/(?!\{\{)",
        "local",
    )
    assert [word for word in words if re.search(word, text)] == []


def test_images_are_public_ones(example: bytes) -> None:
    executors = yaml.safe_load(example)["deploymentSpec"]["executors"].values()
    images = {one["container"]["image"] for one in executors if "container" in one}
    public = ("python:", "tensorflow/", "gcr.io/ml-pipeline/")
    assert [image for image in images if not image.startswith(public)] == []


def test_the_compiled_example(golden: Callable[[str, str], None], example: bytes) -> None:
    spec = yaml.safe_load(example)
    conditions = {name: dag for name, dag in spec["components"].items() if "condition" in name}
    # The stages' own pipelines have goldens of their own, in tests/stages.
    golden("mnist.yaml", as_text({"root": spec["root"], "components": conditions}))


def test_each_stage_is_one_task_of_the_root() -> None:
    spec = compiled(Source(), Fit(), Score())
    assert sorted(spec["root"]["dag"]["tasks"]) == ["fit", "score", "source"]


def test_a_stage_is_a_nested_pipeline_with_its_tasks() -> None:
    assert list(tasks_of(compiled(Source(), Fit()), "fit")) == ["make-model"]


def test_wires_are_inputs_of_the_nested_pipeline() -> None:
    tasks = compiled(Source(), Fit())["root"]["dag"]["tasks"]
    assert tasks["fit"]["inputs"]["artifacts"]["data"] == {
        "taskOutputArtifact": {"producerTask": "source", "outputArtifactKey": "data"}
    }


def test_constants_are_inside_the_nested_pipeline() -> None:
    inputs = tasks_of(compiled(Source(size=7)), "source")["make-data"]["inputs"]
    assert inputs["parameters"]["size"] == {"runtimeValue": {"constant": 7.0}}


def test_a_param_is_an_input_of_the_pipeline_with_its_default() -> None:
    root = compiled(Source(size=Param("size", 7)))["root"]
    assert root["inputDefinitions"]["parameters"]["size"] == {
        "parameterType": "NUMBER_INTEGER",
        "defaultValue": 7.0,
        "isOptional": True,
    }


@pytest.mark.parametrize("default", ["text", 1, 0.5, True, [1, "a"], {"a": {"b": 1}}])
def test_params_of_every_type_compile(default: Any) -> None:
    @stage
    class Any_(Stage):  # noqa: N801
        given: Any = None

        def emit(self, io: Inputs) -> Outputs:
            from tests.samples import spend

            spend(amount=1.0, times=1)
            return {}

    root = compiled(Any_(name="any", given=Param("given", default)))["root"]
    assert root["inputDefinitions"]["parameters"]["given"]["isOptional"] is True


def test_a_port_and_a_param_of_one_name_do_not_collide() -> None:
    score = Score(name="n")
    spec = compiled(
        *[Source(), Fit(), score],
        Spend(amount=score.share, times=Param("n_share", 1)),
    )
    inputs = spec["root"]["dag"]["tasks"]["spend"]["inputs"]["parameters"]
    assert sorted(inputs) == ["n_share", "n_share_value"]


def test_a_when_is_one_condition() -> None:
    score = Score()
    spec = compiled(Source(), Fit(), score, When(score.share >= 0.5, [Spend()]))
    task = spec["root"]["dag"]["tasks"]["condition-1"]
    assert task["triggerPolicy"]["condition"] == (
        "inputs.parameter_values['pipelinechannel--score-share'] >= 0.5"
    )


def test_a_condition_has_a_name_that_a_person_reads() -> None:
    score = Score()
    spec = compiled(Source(), Fit(), score, When(score.passed, [Spend()]))
    task = spec["root"]["dag"]["tasks"]["condition-1"]
    assert task["taskInfo"]["name"] == "when-score-passed"


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("==", "=="), ("!=", "!="), ("<", "<"), ("<=", "<="), (">", ">"), (">=", ">=")],
)
def test_every_comparison_compiles(operator: str, expected: str) -> None:
    score = Score()
    condition = eval(f"count {operator} 2", {"count": score.count})
    spec = compiled(Source(), Fit(), score, When(condition, [Spend()]))
    written = spec["root"]["dag"]["tasks"]["condition-1"]["triggerPolicy"]["condition"]
    assert written.endswith(f"{expected} 2")


def test_a_condition_compares_a_port_with_a_param() -> None:
    score = Score()
    spec = compiled(Source(), Fit(), score, When(score.share >= Param("least", 0.9), [Spend()]))
    written = spec["root"]["dag"]["tasks"]["condition-1"]["triggerPolicy"]["condition"]
    assert written == (
        "inputs.parameter_values['pipelinechannel--score-share'] >= "
        "inputs.parameter_values['pipelinechannel--least']"
    )


def test_a_nested_when_is_a_condition_inside_a_condition() -> None:
    score = Score()
    inner = When(score.share > 0.9, [Spend()])
    spec = compiled(Source(), Fit(), score, When(score.passed, [Fit(name="second"), inner]))
    outer = spec["components"]["comp-condition-1"]["dag"]["tasks"]
    assert sorted(outer) == ["condition-2", "second"]


def test_a_wire_goes_into_a_condition() -> None:
    score = Score()
    spec = compiled(Source(), Fit(), score, When(score.passed, [Spend(times=score.count)]))
    inputs = spec["root"]["dag"]["tasks"]["condition-1"]["inputs"]["parameters"]
    assert "pipelinechannel--score-count" in inputs


def test_after_works_across_a_condition() -> None:
    score = Score()
    last = Spend(after=["score"])
    spec = compiled(Source(), Fit(), score, When(score.passed, [last]))
    assert spec["root"]["dag"]["tasks"]["condition-1"]["dependentTasks"] == ["fit", "score"]


def test_the_attributes_of_a_stage_are_shown_in_the_console() -> None:
    spec = compiled(Source(size=Param("size", 1)))
    ref = spec["root"]["dag"]["tasks"]["source"]["componentRef"]["name"]
    described = spec["components"][ref]["inputDefinitions"]["parameters"]["size"]
    assert described["description"] == "Letters in it."


def test_a_stage_without_docstring_does_not_show_that_of_stage() -> None:
    @stage
    class Silent(Spend):
        times: Value[int] = 1

    Silent.__doc__ = None
    assert "source of truth" not in str(compiled(Silent()))


@pytest.mark.parametrize(
    "doc", ["Args:\n    no colon", "Attributes:\n  x", "Example:\n    ```", "{{$}} [b]", ""]
)
def test_no_docstring_breaks_the_compilation(doc: str) -> None:
    @stage
    class Documented(Spend):
        pass

    Documented.__doc__ = doc
    assert "spend" in tasks_of(compiled(Documented(name="documented")), "documented")


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_the_suffix_chooses_the_format(tmp_path: Path, suffix: str) -> None:
    path = Flow("sample", [Source()]).compile(tmp_path / f"flow{suffix}")
    assert yaml.safe_load(path.read_text())["pipelineInfo"]["name"] == "sample"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError) as caught:
        Flow("sample", [Source()]).compile(tmp_path / "file" / "a" / "b.yaml")
    assert str(caught.value) == f"{tmp_path}/file/a/b.yaml cannot be written: Not a directory."


def test_any_other_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"expected a path that ends in \.yaml, \.yml or \.json"):
        Flow("sample", [Source()]).compile(tmp_path / "flow.txt")


def test_compiling_twice_in_one_process_gives_the_same_bytes(tmp_path: Path) -> None:
    flow = Flow("sample", [Source(), Fit()])
    first, second = flow.compile(tmp_path / "a.yaml"), flow.compile(tmp_path / "b.yaml")
    assert first.read_bytes() == second.read_bytes()
