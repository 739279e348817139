"""`vertex-flow init`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.texts import plain


@click.command(cls=Command)
@click.argument(
    "folder", metavar="[FOLDER]", default=".", type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--name", help="Name of the flow, the model and the endpoint.  [default: FOLDER's]")
@json_option
def init(folder: Path, name: str | None, as_json: bool) -> None:
    """Write a small project that works: flow, trainer and tests.

    It trains a classifier in seconds and serves it, to be changed into your own. Nothing is asked,
    and nothing overwritten. The same as vertex_flow.starting.new_project(folder) in Python.

    \b
    Exit codes:
      0  it is written
      1  files are in the way, or the folder cannot be written

    \b
    Example:
      vertex-flow init demo && cd demo && make test
    """
    from vertex_flow.starting import new_project

    project = new_project(folder, name=name)
    if as_json:
        print_json(project.as_json())
        return
    bold = click.style(project.name, bold=True)
    click.echo(f"wrote project {bold} to {plain(str(project.folder))}\n")
    for file in project.files:
        click.echo(f"  {file.relative_to(project.folder)}")
    enter = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    click.echo("\nnext")
    for line in [*enter, "vertex-flow run", "make test"]:
        click.echo(f"  {plain(line)}")
