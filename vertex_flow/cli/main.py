"""`vertex-flow`: the commands, each loaded when it is used."""

from __future__ import annotations

import os
from importlib import import_module

import click

from vertex_flow._version import __version__

# In the order of use; each is a function of its name in the module of its name.
_COMMANDS = ("up", "status", "down", "doctor", "setup", "teardown", "clean")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"vertex_flow.cli.{cmd_name}"), cmd_name)
        return command


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
    vertex_flow.main(prog_name="vertex-flow")
