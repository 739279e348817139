"""A context: where a flow runs, and what can be done there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import EngineError, SettingError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VERTEX_FLOW_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("port", [-1, 65536, "8080"])
def test_a_port_is_a_number_that_ports_have(port: Any) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext.local(port=port)
    assert str(caught.value) == (
        f"GcpContext(port={port!r}): expected 0, for any free port, or a number up to 65535."
    )


def test_local_is_in_the_working_directory(tmp_path: Path) -> None:
    assert GcpContext.local().home == tmp_path / ".vertex_flow"


def test_local_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VERTEX_FLOW_HOME", str(tmp_path / "there"))
    assert GcpContext.local().home == tmp_path / "there"


def test_local_is_where_the_caller_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VERTEX_FLOW_HOME", str(tmp_path / "there"))
    assert GcpContext.local("here").home == tmp_path / "here"


@pytest.mark.parametrize("what", ["doctor", "plan", "setup", "teardown"])
def test_this_machine_needs_no_setting_up(what: str) -> None:
    with pytest.raises(SettingError) as caught:
        getattr(GcpContext.local(), what)()
    assert str(caught.value) == (
        "GcpContext.local() is this machine: there is no Google Cloud project behind it, and it "
        "needs no setting up. Use GcpContext(project=...)."
    )


@pytest.mark.parametrize("path", [None, 5, b"x", True, ["x"], "", "a\0b"], ids=repr)
def test_a_path_that_is_none(tmp_path: Path, path: Any) -> None:
    local = GcpContext.local(tmp_path / "home")
    calls: dict[str, Callable[[], object]] = {
        f"upload(path={path!r}): expected the path of a file or a folder.": lambda: local.upload(
            path
        ),
        f"download(path={path!r}): expected the path of a folder or a file.": lambda: (
            local.download("gs://local/a", path)
        ),
        f"mount(path={path!r}): expected the path of an empty folder.": lambda: local.mount(path),
    }
    for words, call in calls.items():
        with pytest.raises(SettingError) as caught:
            call()
        assert str(caught.value) == words


def test_a_uri_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext.local(tmp_path).download(5, tmp_path / "x")  # type: ignore[arg-type]
    assert str(caught.value) == "download(uri=5): expected a text: 'gs://BUCKET/FOLDER'."


def test_a_folder_that_cannot_be_made_for_a_mount(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        GcpContext.local(tmp_path / "home").mount(tmp_path / ("x" * 300))
    assert str(caught.value) == f"mount({str(tmp_path / ('x' * 300))!r}): File name too long."


def test_the_command_that_starts_an_engine_is_safe_to_paste(tmp_path: Path) -> None:
    home = tmp_path / "my; touch engine"
    with pytest.raises(EngineError) as caught:
        GcpContext.local(home).vertex  # noqa: B018 - it is looked for when it is read
    assert str(caught.value).endswith(f"vertex-flow up --home '{home}'")
