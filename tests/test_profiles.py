"""Contexts under names, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError
from vertex_flow.profiles import profiles_of

PYPROJECT = """
[tool.vertex_flow.contexts.dev]
project = "acme-dev"

[tool.vertex_flow.contexts.prod]
project = "acme-prod"
location = "europe-west4"
labels = { team = "vision" }
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return tmp_path


def refusal(name: str, file: Path | None = None) -> str:
    with pytest.raises(SettingError) as caught:
        GcpContext.from_profile(name, file)
    return str(caught.value)


def test_the_nearest_pyproject_is_read(project: Path) -> None:
    assert GcpContext.from_profile("prod") == GcpContext(
        project="acme-prod", location="europe-west4", labels={"team": "vision"}
    )


def test_profiles_are_given_as_they_stand_there(project: Path) -> None:
    assert profiles_of()["dev"] == {"project": "acme-dev"}


def test_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "places.toml").write_text('[contexts.dev]\nproject = "p"\nbucket = "gs://b"')
    found = GcpContext.from_profile("dev", tmp_path / "places.toml")
    assert found == GcpContext(project="p", bucket="b")


def test_an_unknown_profile_names_the_nearest(project: Path) -> None:
    assert refusal("prd") == (
        f"{project / 'pyproject.toml'} has no profile 'prd'; it has dev, prod. Did you mean 'prod'?"
    )


def test_a_file_without_profiles_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'")
    assert refusal("dev", tmp_path / "pyproject.toml") == (
        f"{tmp_path / 'pyproject.toml'} has no profile 'dev'; it has none. "
        "Write a table [tool.vertex_flow.contexts.dev]."
    )


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[contexts.dev]\nprojekt = "p"')
    text = refusal("dev", tmp_path / "c.toml")
    assert text.startswith(
        f"{tmp_path / 'c.toml'}, profile 'dev': there is no setting 'projekt'. "
        "Did you mean 'project'? It takes project, location, bucket, "
    )


def test_credentials_do_not_belong_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[contexts.dev]\ncredentials = "secret"')
    assert "there is no setting 'credentials'." in refusal("dev", tmp_path / "c.toml")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("project = 7", "project = 7 is of the wrong type, expected a str."),
        ('port = "x"', "port = 'x' is of the wrong type, expected a int."),
        ("port = true", "port = True is of the wrong type, expected a int."),
        ('labels = "x"', "labels = 'x' is of the wrong type, expected a table of texts."),
    ],
)
def test_a_value_of_another_type(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "c.toml").write_text(f"[contexts.dev]\n{line}")
    assert refusal("dev", tmp_path / "c.toml") == (
        f"{tmp_path / 'c.toml'}, profile 'dev': {problem}"
    )


def test_a_wrong_value_says_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[contexts.dev]\nlocation = "us-centrl1"')
    assert refusal("dev", tmp_path / "c.toml") == (
        f"{tmp_path / 'c.toml'}, profile 'dev': GcpContext(location='us-centrl1'): Vertex AI is in "
        "no such region; expected one such as 'us-central1' or 'europe-west4'. "
        "Did you mean 'us-central1'?"
    )


def test_no_file(tmp_path: Path) -> None:
    assert refusal("dev", tmp_path / "c.toml") == (
        f"{tmp_path / 'c.toml'} cannot be read: No such file or directory."
    )


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[contexts.dev")
    assert refusal("dev", tmp_path / "c.toml").startswith(
        f"{tmp_path / 'c.toml'} is not valid TOML: "
    )


def test_no_pyproject_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal("dev") == (
        f"there is no pyproject.toml in {tmp_path} or above it. Give the file: "
        "GcpContext.from_profile(name, 'contexts.toml')."
    )


@pytest.mark.parametrize("name", [None, 5, ["dev"]], ids=repr)
def test_a_name_that_is_no_text(name: Any) -> None:
    assert refusal(name) == f"GcpContext.from_profile({name!r}): expected the name of a profile."


@pytest.mark.parametrize("file", [5, b"c.toml", "", "a\0b"], ids=repr)
def test_a_file_that_is_no_path(file: Any) -> None:
    assert refusal("dev", file) == (
        f"GcpContext.from_profile(file={file!r}): expected the path of a file."
    )
