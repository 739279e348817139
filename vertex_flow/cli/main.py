"""`vertex-flow`: the commands, each loaded when it is used."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

from vertex_flow._version import __version__
from vertex_flow.cli.command import INTERRUPTED
from vertex_flow.lean import import_types_only

# In the order of use; each is a function of its name in the module of its name.
_SECTIONS = {
    "Flows": ("init", "check", "show", "compile", "run"),
    "Runs": ("runs", "status", "logs", "cancel", "resume", "report", "diff", "why", "tensorboard"),
    "Models": ("models", "endpoints", "predict"),
    "This machine": ("up", "down", "ui"),
    "Google Cloud": ("doctor", "setup", "build", "teardown", "clean"),
}
_COMMANDS = tuple(name for names in _SECTIONS.values() for name in names)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"vertex_flow.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; one that is interrupted while it is loaded says nothing either."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands below the titles of their sections, in columns of one width."""
        width = max(map(len, _COMMANDS))
        limit = formatter.width - 4 - width
        for title, names in _SECTIONS.items():
            found = {name: self.get_command(ctx, name) for name in names}
            rows = [
                (f"{name:<{width}}", command.get_short_help_str(limit))
                for name, command in found.items()
                if command is not None
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command has --help with an example, and --json.",
)
@click.version_option(
    __version__, "--version", prog_name="vertex_flow", message="%(prog)s %(version)s"
)
@click.pass_context
def vertex_flow(ctx: click.Context) -> None:
    """Pipelines for Vertex AI, on this machine and in the cloud."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False  # elsewhere click looks whether it writes to a terminal


def main() -> None:
    """Run the command line, and end the process."""
    import_types_only()
    vertex_flow.main(prog_name="vertex-flow")
