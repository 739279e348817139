"""Runs the code of the pages, README.md and docs/, and checks what they say is printed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser

from tests.docs.reading import compare_text, page, run_console, run_python

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

__all__ = ["page"]

SLOW = ("README.md", "your-data.md", "from-kfp.md")
# These look at the same runs of the example, which last a minute.
TOGETHER = tuple(
    f"tests/end_to_end/test_{name}.py" for name in ("clients", "mnist_flow", "network", "terminal")
)

pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser(language="python", evaluator=run_python),
        CodeBlockParser(language="text", evaluator=compare_text),
        CodeBlockParser(language="console", evaluator=run_console),
    ],
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    path=str(Path(__file__).parent),
    fixtures=["page"],
).pytest()


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell that runs in the background ignores it.

    Runs get no reports, but in the tests about them.
    """
    os.environ["VERTEX_FLOW_REPORTS"] = "off"
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Some pages train and deploy: their blocks are slow, those of the others are not."""
    for item in items:
        if isinstance(item, SybilItem) and item.path.name in SLOW:
            item.add_marker("slow")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Give files that share what is slow to one process, where files are what is given out."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = super()._split_scope(nodeid)
            return "together" if path in TOGETHER else path

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None
