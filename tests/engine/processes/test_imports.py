from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow.engine.processes import (
    Command,
    heavy_imports,
    imports,
    imports_of,
    optional_imports,
)
from vertex_flow.engine.processes.imports import preloads

TENSORFLOW = {"tensorflow", "keras", "numpy", "scipy"}


@pytest.fixture
def found(tmp_path: Path):
    def find(files: dict[str, str], *argv: str, env: dict[str, str] | None = None) -> set[str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = Command(argv=argv, cwd=tmp_path, log=tmp_path / "log", env=env or {})
        return set(imports_of(command))

    return find


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np", {"numpy"}),
        ("from tensorflow.keras import layers", TENSORFLOW),
        ("def f():\n    import pandas", {"pandas", "numpy"}),
        ("from google.cloud import aiplatform_v1", {"google.cloud.aiplatform_v1"}),
        ("import os, json", set()),
        ("import numpyx", set()),
        ("this is (not python\nimport numpy", {"numpy"}),
    ],
)
def test_source(source, names):
    assert heavy_imports(source) == names


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\ndef f():\n    return importlib.import_module('tensorflow')",
        "from importlib import import_module\ntf = import_module('tensorflow.keras')",
    ],
)
def test_what_is_imported_by_name_may_be_imported(source):
    assert (heavy_imports(source), optional_imports(source)) == (set(), TENSORFLOW)


@pytest.mark.parametrize(
    "source", ["import_module(name)", "f()('numpy')", "import numpy", "import_module('os')", "x ("]
)
def test_nothing_else_is_taken_for_an_import_by_name(source):
    assert optional_imports(source) == set()


def test_module_of_a_package(found):
    files = {
        "trainer/__init__.py": "",
        "trainer/task.py": "from trainer import model\nfrom .data import load",
        "trainer/model.py": "import keras",
        "trainer/data.py": "import pandas",
    }
    assert found(files, "python", "-m", "trainer.task") == TENSORFLOW | {"pandas"}


def test_package(found):
    files = {"app/__init__.py": "", "app/__main__.py": "from .. import app\nimport numpy"}
    assert found(files, "python", "-m", "app") == {"numpy"}


def test_a_module_is_read_where_python_finds_it(found, tmp_path):
    files = {"task.py": "import model", "model.py": "import numpy", "lib/model.py": "import keras"}
    env = {"PYTHONPATH": str(tmp_path / "lib")}
    assert found(files, "python", "-m", "task", env=env) == {"numpy"}


def test_script(found):
    files = {"sub/run.py": "import beside", "sub/beside.py": "import numpy"}
    assert found(files, "python", "sub/run.py") == {"numpy"}


def test_pythonpath(found, tmp_path):
    files = {"lib/shared.py": "import numpy", "task.py": "import shared"}
    env = {"PYTHONPATH": str(tmp_path / "lib")}
    assert found(files, "python", "-m", "task", env=env) == {"numpy"}


def test_component_of_an_executor(found):
    files = {"ephemeral.py": "import numpy"}
    argv = ("python", "-m", "kfp.dsl.executor_main", "--component_module_path", "ephemeral.py")
    assert found(files, *argv) == {"numpy"}


def test_unused_files_do_not_count(found):
    assert (
        found({"task.py": "import os", "other.py": "import tensorflow"}, "python", "task.py")
        == set()
    )


def test_circular_imports(found):
    assert found({"a.py": "import b", "b.py": "import a, numpy"}, "python", "-m", "a") == {"numpy"}


def test_a_file_is_read_once_as_long_as_it_stays(found, monkeypatch):
    read, sources = imports._imported, []
    monkeypatch.setattr(imports, "_imported", lambda *a, **k: sources.append(a) or read(*a, **k))
    files = {"task.py": "import model", "model.py": "import numpy"}
    assert found(files, "python", "-m", "task") == {"numpy"}
    assert (found({}, "python", "-m", "task"), len(sources)) == ({"numpy"}, 2)
    assert found({"model.py": "import pandas"}, "python", "-m", "task") == {"pandas", "numpy"}
    assert len(sources) == 3


def test_other_commands(found):
    assert found({}, "sh", "-c", "python -m numpy") == set()


def test_preloads_are_ordered_and_single():
    assert preloads({"tensorflow", "keras", "unknown"}) == (
        "tensorflow",
        "keras",
        "numpy",
        "numpy.random",
        "scipy",
    )
