"""`vertex-flow ui`."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@place_options
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port on 127.0.0.1; 0 for any free one, and for that of the engine that is up.",
)
@click.option(
    "--browser/--no-browser", default=None, help="Open a browser.  [default: on a desktop]"
)
@json_option
def ui(context: GcpContext, port: int, browser: bool | None, as_json: bool) -> None:
    """Open the console: runs, models and endpoints in a browser.

    The standing engine of this machine serves it, and is started when it is not up. For a project
    in the cloud this command serves it, until Ctrl-C. What is printed lets a browser in for a
    quarter of an hour; the browser stays in. The same as vertex_flow.ui.console_url(home)
    in Python.

    \b
    Exit codes:
      0  the URL was printed
      1  the engine or the console did not start
      5  the port is taken

    \b
    Example:
      vertex-flow ui --no-browser
    """

    def say(url: str) -> None:
        _say(url, browser=browser, as_json=as_json)

    if context.home is not None:
        from vertex_flow.ui import console_url

        say(console_url(context.home, port=port))
        return
    from vertex_flow.ui.serve import of_project

    of_project(context, port, shlex.join(["vertex-flow", *sys.argv[1:]]), say)


def _say(url: str, *, browser: bool | None, as_json: bool) -> None:
    if as_json:
        print_json({"url": url})
        return
    click.echo(f"console  {click.style(url, bold=True)}")
    if browser if browser is not None else _is_desktop():
        click.launch(url)


def _is_desktop() -> bool:
    """Whether there is a person at a terminal who has a screen beside it."""
    import os

    screen = sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return screen and sys.stdout.isatty()
