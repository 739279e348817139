"""What an installer leaves of this package in an environment."""

from __future__ import annotations

from pathlib import Path

import pytest


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, note: str | None) -> None:
    """Let this package be installed in a folder.

    Args:
        folder: What is looked through first from now on.
        monkeypatch: What takes that back.
        note: Text of `direct_url.json`; none is written when None.
    """
    found = folder / "vertex_flow-1.dist-info"
    found.mkdir()
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: vertex-flow\nVersion: 1\n")
    if note is not None:
        (found / "direct_url.json").write_text(note)
    monkeypatch.syspath_prepend(folder)
