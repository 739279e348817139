"""A new project: what is written, and what is in the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.starting.installed import install
from vertex_flow import Flow
from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.build_context import collect
from vertex_flow.starting import new_project
from vertex_flow.toml import load
from vertex_flow.training import Trainer

FILES = [
    ".dockerignore",
    ".gitignore",
    "Dockerfile",
    "Makefile",
    "README.md",
    "flow.py",
    "pyproject.toml",
    "stages.py",
    "tests/test_flow.py",
    "trainer/__init__.py",
    "trainer/requirements.txt",
    "trainer/task.py",
]


@pytest.fixture(autouse=True)
def _no_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))


def refusal(folder: Any, **options: Any) -> str:
    with pytest.raises(SettingError) as caught:
        new_project(folder, **options)
    return str(caught.value)


def profile(folder: Path) -> str:
    text = (folder / "pyproject.toml").read_text()
    return "\n".join(re.findall(r"^# ?(.*)$", text, re.MULTILINE))


def test_what_is_written(tmp_path: Path) -> None:
    project = new_project(tmp_path / "demo")
    assert project.folder == tmp_path / "demo"
    assert [str(file.relative_to(project.folder)) for file in project.files] == FILES
    assert all(file.is_file() for file in project.files)


def test_nothing_else_is_written(tmp_path: Path) -> None:
    project = new_project(tmp_path / "demo")
    found = {file for file in project.folder.rglob("*") if file.is_file()}
    assert found == set(project.files)


def test_no_place_for_a_value_is_left(tmp_path: Path) -> None:
    assert "<<" not in "".join(file.read_text() for file in new_project(tmp_path / "demo").files)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("demo", "demo"),
        ("My Demo_2", "my-demo-2"),
        ("Müller & Söhne", "muller-sohne"),
        ("2026", "flow-2026"),
        ("数字", "flow"),
        ("$(touch x) `ls` 'a' \"b\" {c}", "touch-x-ls-a-b-c"),
        ("-rf", "rf"),
        ("a" * 200, "a" * 40),
        ("<<cloud>>\n\x1b[31m", "cloud-31m"),
    ],
)
def test_the_flow_is_called_after_the_folder(tmp_path: Path, folder: str, name: str) -> None:
    project = new_project(tmp_path / folder)
    assert project.name == name
    assert load(project.folder / "pyproject.toml")["project"]["name"] == name
    assert f'    "{name}",\n' in (project.folder / "flow.py").read_text()


def test_the_flow_may_be_called_otherwise(tmp_path: Path) -> None:
    assert new_project(tmp_path, name="digits").name == "digits"


def test_a_name_that_no_flow_has(tmp_path: Path) -> None:
    assert "'My Flow'" in refusal(tmp_path, name="My Flow")
    assert list(tmp_path.iterdir()) == []


def test_the_working_directory_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert new_project().folder == tmp_path / "here"


def test_a_project_of_google_cloud_that_is_known_stands_in_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acme-dev")
    project = new_project(tmp_path)
    assert project.cloud == "acme-dev"
    assert 'project = "acme-dev"' in profile(tmp_path)


@pytest.mark.parametrize("value", ['"\n[tool.evil]', "<<name>>", "acme dev"])
def test_what_is_no_project_stands_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", value)
    assert new_project(tmp_path).cloud is None
    assert 'project = "your-project"' in profile(tmp_path)


def test_it_depends_on_this_package_from_where_it_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, '{"url": "file:///src/vertex_flow", "dir_info": {}}')
    folder = new_project(tmp_path / "demo").folder
    assert load(folder / "pyproject.toml")["project"]["dependencies"] == [
        "vertex-flow @ file:///src/vertex_flow",
        "scikit-learn>=1.5",
    ]


def test_files_that_are_in_the_way_are_listed(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("mine")
    (tmp_path / "trainer").write_text("mine")
    (tmp_path / "Makefile").symlink_to("nowhere")
    assert refusal(tmp_path) == (
        f"{tmp_path} holds what a new project would overwrite: Makefile, flow.py, trainer. Give "
        "another folder, or move these away."
    )
    assert (tmp_path / "flow.py").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["Makefile", "flow.py", "trainer"]


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    new_project(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_second_time_everything_is_in_the_way(tmp_path: Path) -> None:
    new_project(tmp_path)
    assert ", ".join(FILES) in refusal(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "demo"
    file.touch()
    assert refusal(file) == f"{file} is a file. Give a folder that is empty, or a new one."


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "demo").endswith(" cannot be written: Not a directory.")


def test_what_was_begun_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trainer").symlink_to("/proc/self")  # a folder in which nobody makes a file
    assert "cannot be written" in refusal(tmp_path)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == []


@pytest.mark.parametrize("folder", ["", 3, "a\0b"])
def test_what_is_no_folder(folder: Any) -> None:
    assert refusal(folder) == f"new_project({folder!r}): expected the path of a folder."


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_project(tmp_path_factory.mktemp("new") / "a demo").folder


def test_its_image_is_built_of_the_trainer_alone(demo: Path) -> None:
    context = collect(Trainer(module="trainer.task", source=str(demo)))
    assert (context.dockerfile.path, context.dockerfile.takes_base) == ("Dockerfile", True)
    assert [one.path for one in context.entries] == [
        "Dockerfile",
        "trainer/__init__.py",
        "trainer/requirements.txt",
        "trainer/task.py",
    ]
    assert context.secrets == ()


def assert_clean(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_its_code_is_clean(demo: Path) -> None:
    assert_clean(demo, "ruff", "check", ".")
    assert_clean(demo, "ruff", "format", "--check", ".")


@pytest.mark.torture  # reads this package and all that it stands on: a minute
def test_its_types_are_right(demo: Path) -> None:
    assert_clean(demo, "mypy")


def test_its_flow_is_what_its_settings_say(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo)
    monkeypatch.setattr(sys, "path", [*sys.path])
    flow = Flow.load()
    for name in ("flow", "stages"):
        monkeypatch.delitem(sys.modules, name)
    assert [stage.name for stage in flow.stages] == [
        "load-digits",
        "preprocess",
        "train",
        "evaluate",
        "register",
        "deploy",
    ]


def made(demo: Path, *folders: Path, words: Sequence[str] = ()) -> list[str]:
    """What `make test` would do, with programs of some folders first."""
    path = os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"])
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**ours, "PATH": path, "PYTHONPATH": os.getcwd()}
    command = ["make", "--dry-run", "test", *words]
    done = subprocess.run(
        command, cwd=demo, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def programs(folder: Path, **scripts: str) -> Path:
    for name, text in scripts.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return folder


def test_it_is_tested_by_the_python_of_the_active_environment(demo: Path, tmp_path: Path) -> None:
    folder = programs(tmp_path, python3=f'exec "{sys.executable}" "$@"')
    assert made(demo, folder) == [f'"{sys.executable}" -m pytest']


def test_or_by_that_of_the_command_line(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    none = programs(tmp_path, python3="exit 1", python="exit 1")
    own = programs(tmp_path / "bin", vertex_flow="", python=f'exec "{sys.executable}" "$@"')
    assert made(demo, none, own) == [f'"{sys.executable}" -m pytest']


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which nothing is installed; `made` lets it import this package."""
    folder = tmp_path_factory.mktemp("bare environment")
    venv.create(folder, symlinks=True)
    return folder / "bin"


def test_what_that_python_lacks_is_added_to_it(demo: Path, bare: Path) -> None:
    assert made(demo, bare) == [
        f'"{bare}/python3" -m pip install --quiet scikit-learn pytest',
        f'"{bare}/python3" -m pytest',
    ]


def test_a_python_that_is_given(demo: Path, bare: Path) -> None:
    assert made(demo, words=[f"PYTHON={bare}/python"])[-1] == f'"{bare}/python" -m pytest'


def test_or_by_that_of_an_environment_of_its_own(demo: Path, tmp_path: Path) -> None:
    none = programs(tmp_path, python3="exit 1", python="exit 1", vertex_flow="")
    assert made(demo, none) == [
        "python3 -m venv .venv",
        '.venv/bin/python -m pip install --quiet --editable ".[dev]"',
        "touch .venv/ready",
        '".venv/bin/python" -m pytest',
    ]


def test_a_project_as_plain_values(tmp_path: Path) -> None:
    assert json.loads(json.dumps(new_project(tmp_path / "demo").as_json())) == {
        "folder": str(tmp_path / "demo"),
        "name": "demo",
        "files": FILES,
        "cloud": None,
    }
