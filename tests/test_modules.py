"""Where a module is, and the files of its code; `test_sources.py` has the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow.modules import files_of, folder_of, module_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "learner" / "__pycache__").mkdir(parents=True)
    (tmp_path / "learner" / "__pycache__" / "task.pyc").write_bytes(b"1")
    (tmp_path / "learner" / "task.py").write_text("import shared, os\nfrom . import steps\n")
    (tmp_path / "learner" / "steps.py").write_text("")
    (tmp_path / "shared.py").write_text("")
    (tmp_path / "other.py").write_text("")
    return tmp_path


def test_the_folder_that_holds_the_package(folder: Path) -> None:
    assert folder_of("learner.task", str(folder)) == folder


def test_the_file_of_a_module(folder: Path) -> None:
    assert module_file(folder, "learner.task") == folder / "learner" / "task.py"


def test_no_file_of_a_module(folder: Path) -> None:
    assert module_file(folder, "learner") is None


def test_the_files_of_a_package_and_of_what_it_imports(folder: Path) -> None:
    names = ["learner/steps.py", "learner/task.py", "shared.py"]
    assert files_of(folder, "learner") == [folder / name for name in names]
