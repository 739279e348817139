"""Every command in the pages can be given: its target, script and flags exist."""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.reading import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _commands() -> list[tuple[str, list[str]]]:
    return [
        (f"{page.relative_to(ROOT)}: {line}", shlex.split(line, comments=True))
        for page in PAGES
        for block in _BLOCK.findall(page.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line.strip()
    ]


@pytest.mark.parametrize(
    "words", [pytest.param(words, id=name) for name, words in dict(_commands()).items()]
)
def test_a_command_can_be_given(words: list[str]) -> None:
    program, *rest = words
    if program == "source":
        assert rest == [".venv/bin/activate"]
        return
    if program == "eval":
        assert rest == ["$(_VERTEX_FLOW_COMPLETE=bash_source vertex-flow)"]
        return
    if program == "make":
        assert rest[0] in _targets()
        return
    if program == "vertex-flow":
        flags = [word for word in rest if word.startswith("-")]
        assert set(flags) <= _flags("-m", "vertex_flow", *rest[:1])
        return
    if program == "cd":
        assert rest[0] in ("..", "demo")
        return
    assert Path(program).name in ("python", "python3"), f"how is {program!r} checked?"
    if rest[:2] == ["-m", "pytest"]:
        assert all((ROOT / word).exists() for word in rest[2:] if "/" in word)
        return
    script = rest[:2] if rest[0] == "-m" else rest[:1]
    flags = [word.partition("=")[0] for word in rest[len(script) :] if word.startswith("-")]
    assert set(flags) <= _flags(*script)


def test_the_pages_have_commands() -> None:
    programs = [words[0] for _, words in _commands()]
    assert "make" in programs
    assert "python" in programs


@functools.cache
def _targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@functools.cache
def _flags(*script: str) -> set[str]:
    """The flags that the `--help` of a script or module lists."""
    done = subprocess.run(
        [sys.executable, *script, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z_-]*", done.stdout))
