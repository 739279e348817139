"""A context: where a flow runs, and what can be done there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError


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
