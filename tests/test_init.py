"""The public names, and what importing the package loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import vertex_flow
import vertex_flow.components
import vertex_flow.stages

PACKAGES = [vertex_flow, vertex_flow.components, vertex_flow.stages]
HEAVY = ("kfp", "google.cloud", "google.protobuf", "numpy", "tensorflow", "optuna", "rich", "attrs")


def loaded_by(statement: str) -> set[str]:
    """Modules that a fresh process has after a statement and had not before."""
    code = f"import sys; old = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - old))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return set(done.stdout.split())


def heavy_of(statement: str, names: tuple[str, ...]) -> list[str]:
    """Which of some packages a statement loads."""
    loaded = loaded_by(statement)
    return [name for name in names if any(f"{one}.".startswith(f"{name}.") for one in loaded)]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.__name__)
def test_all_is_sorted(package: object) -> None:
    names = list(package.__all__)  # type: ignore[attr-defined]
    assert names == sorted(names)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.__name__)
def test_every_name_in_all_is_there(package: object) -> None:
    names = list(package.__all__)  # type: ignore[attr-defined]
    assert [name for name in names if getattr(package, name, None) is None] == []


def test_dir_shows_the_public_names() -> None:
    assert dir(vertex_flow) == sorted(vertex_flow.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'vertex_flow' has no attribute 'Flwo'"):
        _ = vertex_flow.Flwo


@pytest.mark.parametrize(
    "statement",
    ["import vertex_flow", "import vertex_flow.components", "import vertex_flow.errors"],
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    assert heavy_of(statement, HEAVY) == []


def test_flow_and_context_load_no_client() -> None:
    statement = "from vertex_flow import Flow, GcpContext, Run, When, Trainer, Double"
    assert heavy_of(statement, ("kfp", "google.cloud", "numpy")) == []


def test_making_a_flow_does_not_load_google_clouds_clients() -> None:
    heavy = ("google.cloud.aiplatform", "google.cloud.aiplatform_v1", "tensorflow", "numpy")
    assert heavy_of("from vertex_flow.stages import *", heavy) == []
