"""How the console of this machine is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import EngineError
from vertex_flow.ui import console_url


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine.start(tmp_path_factory.mktemp("opening") / "home", standing=True) as engine:
        yield engine


def test_the_url_lets_a_browser_in(engine: EmbeddedEngine) -> None:
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as browser:
        answer = browser.get(console_url(engine.home))
    assert (answer.status_code, str(answer.url)) == (200, f"{engine.endpoint}/console/runs")


def test_the_token_is_not_in_it(engine: EmbeddedEngine) -> None:
    assert engine.token not in console_url(engine.home)


def test_another_port_than_that_of_the_engine(engine: EmbeddedEngine) -> None:
    with pytest.raises(EngineError, match="not at port 1"):
        console_url(engine.home, port=1)


def test_the_engine_of_one_program_has_a_console(tmp_path: Path) -> None:
    with (
        EmbeddedEngine.start(tmp_path / "home") as engine,
        httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as browser,
    ):
        answer = browser.get(console_url(tmp_path / "home"))
    assert (answer.status_code, str(answer.url)) == (200, f"{engine.endpoint}/console/runs")
