"""Where the training code is, and a digest of what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from vertex_flow import Trainer
from vertex_flow.errors import SettingError
from vertex_flow.sources import local_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "learner"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "task.py").write_text("print(1)\n")
    (package / "labels.txt").write_text("a")
    return tmp_path


def image(folder: Path, module: str = "learner.task") -> str:
    return local_image(Trainer(module=module, source=str(folder)))


def test_the_image_names_the_folder_and_a_digest(folder: Path) -> None:
    uri, _, digest = image(folder).partition("@sha256:")
    assert (uri, len(digest)) == (folder.as_uri(), 64)


def test_the_same_code_has_the_same_digest(folder: Path) -> None:
    first = image(folder)
    (folder / "learner" / "task.py").touch()
    assert image(folder) == first


@pytest.mark.parametrize("file", ["task.py", "labels.txt", "new.py", "deep/new.py"])
def test_a_change_in_the_package_changes_the_digest(folder: Path, file: str) -> None:
    first = image(folder)
    path = folder / "learner" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("print(2)\n")
    assert image(folder) != first


def test_moving_a_file_changes_the_digest(folder: Path) -> None:
    first = image(folder)
    (folder / "learner" / "labels.txt").rename(folder / "learner" / "names.txt")
    assert image(folder) != first


def test_files_beside_the_package_do_not_count(folder: Path) -> None:
    first = image(folder)
    (folder / "notes.py").write_text("")
    assert image(folder) == first


@pytest.mark.parametrize(
    "line",
    ["import shared", "from shared import x", "import shared.deep", "def f(): import shared"],
)
def test_what_the_code_imports_from_beside_it_counts(folder: Path, line: str) -> None:
    (folder / "learner" / "task.py").write_text(f"{line}\n")
    (folder / "shared.py").write_text("import further\n")
    (folder / "further").mkdir()
    (folder / "further" / "__init__.py").write_text("")
    seen = {image(folder)}
    for file in ("shared.py", "further/__init__.py"):
        (folder / file).write_text("x = 2\nimport further\n")
        seen.add(image(folder))
    assert len(seen) == 3


def test_what_is_installed_beside_the_code_does_not_count(folder: Path) -> None:
    packages = folder / "site-packages"
    packages.mkdir()
    (folder / "learner").rename(packages / "learner")
    (packages / "learner" / "task.py").write_text("import shared\n")
    first = image(packages)
    (packages / "shared.py").write_text("")
    assert image(packages) == first


def test_code_that_cannot_be_parsed_has_a_digest_too(folder: Path) -> None:
    first = image(folder)
    (folder / "learner" / "task.py").write_text("def\n")
    assert image(folder) != first


def test_bytecode_does_not_count(folder: Path) -> None:
    first = image(folder)
    cached = folder / "learner" / "__pycache__"
    cached.mkdir()
    (cached / "task.pyc").write_bytes(b"1")
    assert image(folder) == first


def test_code_that_is_installed_in_a_virtual_environment_counts(tmp_path: Path) -> None:
    package = tmp_path / ".venv" / "learner"
    package.mkdir(parents=True)
    (package / "task.py").write_text("print(1)\n")
    first = image(package.parent)
    (package / "task.py").write_text("print(2)\n")
    assert image(package.parent) != first


def test_a_single_file_is_a_module(folder: Path) -> None:
    (folder / "alone.py").write_text("print(1)\n")
    first = image(folder, "alone")
    (folder / "alone.py").write_text("print(2)\n")
    assert image(folder, "alone") != first


def test_a_package_with_main_is_a_module(folder: Path) -> None:
    (folder / "learner" / "__main__.py").write_text("")
    assert image(folder, "learner").startswith(folder.as_uri())


def test_a_module_on_pythons_path_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    assert local_image(Trainer(module="learner.task", source="/")).startswith(folder.as_uri())


@pytest.mark.parametrize("module", ["learner.tsak", "laerner.task"])
def test_a_missing_module_has_its_nearest_name(folder: Path, module: str) -> None:
    with pytest.raises(SettingError) as caught:
        image(folder, module)
    assert str(caught.value) == (
        f"Trainer(module={module!r}): there is no such module in {folder} nor on Python's path. "
        "Did you mean 'learner.task'? Give the folder that holds its package: "
        "Trainer(..., source='path/to/folder')."
    )
