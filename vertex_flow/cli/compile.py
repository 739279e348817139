"""`vertex-flow compile`."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.flows import flow_argument, loaded
from vertex_flow.texts import plain

_STANDARD_OUTPUT = "-"


@click.command(cls=Command)
@flow_argument
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="File, .yaml or .json; - for the standard output.  [default: NAME.yaml, of the flow]",
)
@json_option
def compile(address: str | None, output: str | None, as_json: bool) -> None:
    """Write the file that Vertex AI and the local engine both run.

    Needs no project, no login and no network; the same flow gives the same bytes. FLOW is
    path/file.py:name; left out, it is the one that pyproject.toml names. The same as
    Flow.load("flow.py:flow").compile("mnist.yaml") in Python.

    \b
    Exit codes:
      0  it is written
      1  the flow cannot be loaded or compiled, or the file not be written

    \b
    Example:
      vertex-flow compile flow.py:flow -o mnist.yaml
    """
    flow = loaded(address)
    if output == _STANDARD_OUTPUT:
        with tempfile.TemporaryDirectory() as folder:
            file = flow.compile(Path(folder, "pipeline.json" if as_json else "pipeline.yaml"))
            click.echo(file.read_bytes().rstrip(b"\n"))
        return
    path = flow.compile(output or f"{flow.name}.yaml")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if as_json:
        print_json({"flow": flow.name, "path": str(path), "sha256": digest})
        return
    click.echo(f"{plain(str(path))}\nsha256 {digest}")
