"""What holds for every component: it compiles, alike each time, and runs as a task does."""

import builtins
import dis
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest
import yaml
from kfp import compiler

from tests.components.conftest import PARENT, Vertex
from vertex_flow import components

NAMES = {
    "AddServingConfigOp": "add-serving-config",
    "EvaluateOp": "evaluate",
    "FindModelOp": "find-model",
    "FindOrCreateEndpointOp": "find-or-create-endpoint",
    "GetCustomJobResultsOp": "get-custom-job-results",
    "GetHyperparameterTuningJobResultsOp": "get-hyperparameter-tuning-job-results",
    "GetTrainingArgsDictOp": "get-training-args-dict",
    "GetWorkerPoolSpecsOp": "get-worker-pool-specs",
    "PreprocessingOp": "preprocessing",
    "UndeployIdleModelsOp": "undeploy-idle-models",
}


def compiled(name: str, path: Path) -> dict[str, Any]:
    compiler.Compiler().compile(getattr(components, name), str(path))
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def executor(spec: dict[str, Any]) -> dict[str, Any]:
    (found,) = spec["deploymentSpec"]["executors"].values()
    return found["container"]


def execute(name: str, executor_input: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a compiled component as a task does: its source alone, in a fresh process."""
    container = executor(compiled(name, folder / "component.yaml"))
    source = folder / "ephemeral_component.py"
    source.write_text(container["command"][-1], encoding="utf-8")
    output = folder / "executor_output.json"
    executor_input.setdefault("outputs", {})["outputFile"] = str(output)
    module = "kfp.dsl.executor_main"
    given = [json.dumps(executor_input) if arg == "{{$}}" else arg for arg in container["args"]]
    subprocess.run(
        [sys.executable, "-m", module, "--component_module_path", str(source), *given],
        check=True,
        cwd=folder,
        timeout=200,
        env={**os.environ, "_KFP_RUNTIME": "true", "PYTHONWARNINGS": "ignore"},
    )
    return json.loads(output.read_text(encoding="utf-8"))


def artifact(kind: str, path: Path, **metadata: Any) -> dict[str, Any]:
    given = {"name": "", "type": {"schemaTitle": kind}, "uri": str(path), "metadata": metadata}
    return {"artifacts": [given]}


def globals_of(code: CodeType) -> Iterator[str]:
    """Names that a function, and those defined in it, look up in its module."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield step.argval
        elif isinstance(step.argval, CodeType):
            yield from globals_of(step.argval)


def test_all_names_every_component() -> None:
    assert sorted(NAMES) == components.__all__


def test_dir_lists_every_component() -> None:
    assert dir(components) == components.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'TrainOp'"):
        components.TrainOp  # noqa: B018


def test_importing_the_package_loads_no_kfp() -> None:
    check = "import sys, vertex_flow.components; sys.exit('kfp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize(("name", "task"), NAMES.items())
def test_a_component_has_the_documented_task_name(name: str, task: str) -> None:
    assert getattr(components, name).name == task


@pytest.mark.parametrize("name", NAMES)
def test_compiling_twice_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    compiled(name, tmp_path / "first.yaml")
    compiled(name, tmp_path / "second.yaml")
    assert (tmp_path / "first.yaml").read_bytes() == (tmp_path / "second.yaml").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_every_input_and_output_is_described(name: str, tmp_path: Path) -> None:
    (component,) = compiled(name, tmp_path / "component.yaml")["components"].values()
    nameless = [
        key
        for side in ("inputDefinitions", "outputDefinitions")
        for group in component.get(side, {}).values()
        for key, item in group.items()
        if not item.get("description") and key != "Output"
    ]
    assert nameless == []


@pytest.mark.parametrize("name", NAMES)
def test_the_source_holds_no_placeholder_that_a_back_end_would_replace(
    name: str, tmp_path: Path
) -> None:
    assert "{{$" not in executor(compiled(name, tmp_path / "component.yaml"))["command"][-1]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"EvaluateOp", "PreprocessingOp"}))
def test_a_component_in_google_s_image_installs_nothing_at_its_start(
    name: str, tmp_path: Path
) -> None:
    assert "pip install" not in str(executor(compiled(name, tmp_path / "component.yaml")))


@pytest.mark.parametrize("name", NAMES)
def test_the_source_holds_all_that_it_calls(name: str, tmp_path: Path) -> None:
    source = executor(compiled(name, tmp_path / "component.yaml"))["command"][-1]
    module: dict[str, Any] = {}
    exec(compile(source, "ephemeral_component.py", "exec"), module)
    functions = [item for item in module.values() if hasattr(item, "__code__")]
    own = [item for item in functions if item.__code__.co_filename == "ephemeral_component.py"]
    used = {found for function in own for found in globals_of(function.__code__)}
    assert used - set(module) - set(dir(builtins)) == set()


def test_get_worker_pool_specs_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    pool = {"machineSpec": {"machineType": "n1-standard-4"}, "containerSpec": {"imageUri": "i"}}
    inputs = {"worker_pool_specs": [pool], "args": {"epochs": 5.0, "spot": True}}
    result = execute(
        "GetWorkerPoolSpecsOp", {"inputs": {"parameterValues": inputs}, "outputs": {}}, tmp_path
    )
    (found,) = result["parameterValues"]["Output"]
    assert found["container_spec"]["args"] == ["--epochs=5", "--spot=true"]


def test_get_training_args_dict_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    inputs = {"args": {"n": {"$value": "n"}}, "values": "n\u241fint\u241f5.0"}
    given = {
        "parameterValues": inputs,
        "artifacts": {"train_data": artifact("system.Dataset", tmp_path / "train.npz")},
    }
    result = execute("GetTrainingArgsDictOp", {"inputs": given}, tmp_path)
    assert result["parameterValues"]["Output"] == {
        "n": 5,
        "train_data": str(tmp_path / "train.npz"),
    }


def test_preprocessing_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x=np.zeros((20, 2, 2), np.uint8), y=np.arange(20) % 2)
    kinds = {"train_data": "system.Dataset", "test_data": "system.Dataset"}
    given = {"artifacts": {"dataset": artifact("system.Dataset", data)}, "parameterValues": {}}
    outputs = {"artifacts": {key: artifact(kind, tmp_path / key) for key, kind in kinds.items()}}
    result = execute("PreprocessingOp", {"inputs": given, "outputs": outputs}, tmp_path)
    assert result["parameterValues"] == {"num_train": 16, "num_test": 4, "num_classes": 2}


def test_find_model_runs_in_a_process_of_its_own(tmp_path: Path, vertex: Vertex) -> None:
    name = f"{PARENT}/models/7"
    vertex.serve("GET", f"{PARENT}/models", {"models": [{"name": name, "displayName": "m"}]})
    inputs = {"display_name": "m", "project": "acme", "location": "europe-west4"}
    outputs = {"artifacts": {"parent_model": artifact("google.VertexModel", tmp_path / "model")}}
    given = {"inputs": {"parameterValues": inputs}, "outputs": outputs}
    result = execute("FindModelOp", given, tmp_path)
    (found,) = result["artifacts"]["parent_model"]["artifacts"]
    assert found["metadata"] == {"resourceName": name}


def test_evaluate_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib")
    dummy = pytest.importorskip("sklearn.dummy")
    x, y = np.zeros((4, 2, 2), np.float32), np.array([0, 0, 0, 1])
    np.savez(tmp_path / "test.npz", x=x, y=y)
    model = dummy.DummyClassifier(strategy="most_frequent").fit(x.reshape(4, -1), y)
    (tmp_path / "model").mkdir()
    joblib.dump(model, tmp_path / "model" / "model.joblib")
    given = {
        "artifacts": {
            "model": artifact("system.Model", tmp_path / "model"),
            "test_data": artifact("system.Dataset", tmp_path / "test.npz"),
        },
        "parameterValues": {
            "thresholds": {"accuracy": {"$value": "least"}},
            "values": "least\u241ffloat\u241f0.75",
        },
    }
    outputs = {
        "artifacts": {
            "metrics": artifact("system.Metrics", tmp_path / "metrics"),
            "classification_metrics": artifact("system.ClassificationMetrics", tmp_path / "cm"),
            "samples": artifact("system.Artifact", tmp_path / "samples"),
        }
    }
    result = execute("EvaluateOp", {"inputs": given, "outputs": outputs}, tmp_path)
    assert result["parameterValues"] == {"passed": True, "accuracy": 0.75}
