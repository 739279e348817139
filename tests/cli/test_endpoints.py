"""`vertex-flow endpoints`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.shop import Shop, ask
from vertex_flow.engine.standing import StandingEngine
from vertex_flow.texts import describe_time


def test_what_is_deployed_and_where_it_is_asked(shop: Shop) -> None:
    done = shop("endpoints")
    (model,) = shop.endpoint.deployed_models
    since, end = describe_time(model.created), describe_time(shop.endpoint.expires)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        f"garden  {shop.endpoint.id}\n"
        f"  100 %    rose, model {shop.model.id} version 1, since {since}\n"
        f"  expires  {end}\n"
        f"  url      {shop.endpoint.url}\n"
    )


def test_a_program_gets_what_python_does(shop: Shop) -> None:
    assert shop.json("endpoints") == {"endpoints": [shop.endpoint.as_json()]}


@pytest.fixture(scope="module")
def quiet(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same place, in which no engine is up."""
    home = tmp_path_factory.mktemp("quiet") / "home"
    left_out = shutil.ignore_patterns("lock", "engine.json", "storage")
    shutil.copytree(shop.home, home, ignore=left_out, dirs_exist_ok=True)
    return home


def test_without_an_engine_there_is_no_url_and_none_is_left_up(quiet: Path) -> None:
    done = ask("endpoints", "--home", str(quiet))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        "  url      served while an engine is up: vertex-flow up",
    )
    assert StandingEngine.find(quiet) is None


def test_without_an_engine_one_is_started_for_a_prediction(quiet: Path) -> None:
    done = ask("predict", "garden", "[1]", "--home", str(quiet))
    assert (done.exit_code, done.stdout) == (0, "[null]\n")
    assert StandingEngine.find(quiet) is None


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    done = ask("endpoints", "--home", str(tmp_path / "home"))
    assert (done.exit_code, done.stdout) == (0, "no endpoints\n")
    assert not (tmp_path / "home").exists()
