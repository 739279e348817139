"""One engine with some runs, which all tests of the console share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.ui.flows import digits_flow, small_flow
from vertex_flow import GcpContext, Run
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.ui import console_url


@attrs.frozen
class Shown:
    """An engine, and what is in it.

    Attributes:
        context: Where it is.
        folder: A folder for files.
        digits: A run that ended with an endpoint.
        small: The ids of two runs of a small flow.
    """

    context: GcpContext
    folder: Path
    digits: Run
    small: tuple[str, str]

    @property
    def home(self) -> Path:
        """The engine's folder."""
        assert self.context.home is not None
        return self.context.home

    def url(self) -> str:
        """A URL that lets a browser in."""
        return console_url(self.home)

    @property
    def base(self) -> str:
        """The root of the pages."""
        return self.url().partition("?")[0]


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("console")
    home = folder / "home"
    with EmbeddedEngine.start(home, standing=True):  # ends with the tests, however they end
        context = GcpContext.local(home)
        options = {"progress": None, "wait": False}
        started = [
            small_flow().run(context, params={"size": size}, job_id=f"small-{size}", **options)
            for size in (3, 5)
        ]
        digits = digits_flow(folder).run(context, progress=None, labels={"team": "console"})
        first, second = (one.wait().job_id for one in started)
        yield Shown(context, folder, digits, (first, second))
