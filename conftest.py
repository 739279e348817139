"""Runs the code of the pages, README.md and docs/, and checks what they say is printed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser

from tests.docs.reading import compare_text, page, run_console, run_python

__all__ = ["page"]

SLOW = ("README.md", "your-data.md", "from-kfp.md")

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
