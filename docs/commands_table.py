"""Writes what each command says of itself into commands.md: `python -m docs.commands_table`."""

from __future__ import annotations

import click

from docs.marked import DOCS, rewritten
from vertex_flow.cli import main

PAGE = DOCS / "commands.md"
NAME = "commands"
_WIDTH = 88


def content() -> str:
    """A section for each command, below the titles of `vertex-flow --help`."""
    return "\n\n".join(
        f"## {title}\n\n" + "\n\n".join(map(_section, names))
        for title, names in main._SECTIONS.items()
    )


def page() -> str:
    """The page as it should be."""
    return rewritten(PAGE.read_text(encoding="utf-8"), NAME, content())


def _section(name: str) -> str:
    group = click.Context(
        main.vertex_flow, info_name="vertex-flow", **main.vertex_flow.context_settings
    )
    command = main.vertex_flow.get_command(group, name)
    assert command is not None
    settings = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=group, **settings)
    return f"### vertex-flow {name}\n\n```\n{command.get_help(context).strip()}\n```"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
