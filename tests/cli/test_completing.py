"""What a shell completes arguments with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import Shop, ask

PROFILES = '[tool.vertex_flow.contexts.dev]\nproject = "acme"\n'


def offered(line: str, **env: str) -> list[str]:
    """What bash is offered for the last word of a line."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = ask(_VERTEX_FLOW_COMPLETE="bash_complete", **asked, **env)
    assert done.stderr == ""
    return [one.partition(",")[2] for one in done.stdout.splitlines() if one]


def at(shop: Shop, line: str) -> list[str]:
    return offered(line, VERTEX_FLOW_HOME=str(shop.home))


@pytest.mark.parametrize("command", ["status", "logs", "cancel", "resume", "report", "diff"])
def test_ids_of_runs(shop: Shop, command: str) -> None:
    assert at(shop, f"vertex-flow {command} line-") == [shop.done]


def test_stages_of_the_run_that_is_given(shop: Shop) -> None:
    assert at(shop, f"vertex-flow logs {shop.failed} --stage ") == ["source", "fussy"]


def test_stages_of_a_run_of_a_full_name(shop: Shop) -> None:
    name = f"projects/local/locations/us-central1/pipelineJobs/{shop.done}"
    assert at(shop, f"vertex-flow logs {name} --stage s") == ["source"]


def test_stages_of_the_newest_run(shop: Shop) -> None:
    assert at(shop, "vertex-flow why s") == ["source"]


def test_endpoints_by_name_and_id(shop: Shop) -> None:
    assert at(shop, "vertex-flow predict ") == ["garden", shop.endpoint.id]


def test_a_folder_that_is_given(shop: Shop) -> None:
    line = f"vertex-flow status --home {shop.home} line-"
    assert offered(line, VERTEX_FLOW_HOME="/nowhere") == [shop.done]


def test_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(PROFILES)
    monkeypatch.chdir(tmp_path)
    assert offered("vertex-flow runs --on ") == ["local", "dev"]
    for command in ("doctor", "setup", "teardown", "clean"):
        assert offered(f"vertex-flow {command} --on ") == ["dev"]


def test_profiles_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[")
    monkeypatch.chdir(tmp_path)
    assert offered("vertex-flow runs --on ") == ["local"]


def test_nothing_where_no_engine_is_up(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert offered("vertex-flow status ", VERTEX_FLOW_HOME=str(home)) == []
    assert not home.exists()


def test_nothing_is_asked_of_a_project(shop: Shop) -> None:
    assert at(shop, "vertex-flow status --on dev ") == []
