"""What a shell completes arguments with: quick, and nothing where no engine is up.

Only the standing engine of this machine is asked, and without the clients of Vertex AI: to load
them takes seconds. What goes wrong is no affair of somebody who presses a key: then there is
nothing to choose from.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click
from click.shell_completion import CompletionItem

from vertex_flow.cli.command import home_of

if TYPE_CHECKING:
    from vertex_flow.engine.standing import StandingEngine

_MOST = 50
_PARENT = "/v1/projects/-/locations/-"

Find = Callable[[click.Context], Iterable[tuple[str, str]]]
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _silently(find: Find) -> Complete:
    """Complete with what is found, each with a word about it; with nothing after an error."""

    @functools.wraps(find)
    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found: dict[str, str] = {}
        with contextlib.suppress(Exception):  # whatever it is
            for value, said in find(ctx):
                found.setdefault(value, said)
        return [
            CompletionItem(value, help=said)
            for value, said in found.items()
            if value.startswith(incomplete) and value.isprintable()
        ]

    return complete


@_silently
def run_ids(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Complete with the ids of the newest runs."""
    engine = _engine(ctx)
    query = {"pageSize": _MOST, "readMask": "name,displayName", "orderBy": "create_time desc"}
    for job in _page(engine, "pipelineJobs", query):
        yield _id(job), job.get("displayName", "")


@_silently
def stages(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Complete with the names of the stages of the run that is given, or of the newest one."""
    from vertex_flow.report.blueprint import Blueprint
    from vertex_flow.report.structs import mapping

    # Behind an option without its value click leaves arguments where they are.
    words = [ctx.params.get("name"), *ctx.args]
    engine, name = _engine(ctx), next(filter(None, words), "")
    jobs = [] if "/" in name else _page(engine, "pipelineJobs", _newest(name))
    path = name if "/" in name else next(job["name"] for job in jobs if name in ("", _id(job)))
    for stage in Blueprint(mapping(engine.read(f"/v1/{path}").get("pipelineSpec"))).stages:
        yield stage, ""


@_silently
def endpoints(ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Complete with the display names of the endpoints, and their ids."""
    query = {"pageSize": _MOST, "readMask": "name,displayName"}
    found = [
        (_id(one), one.get("displayName", "")) for one in _page(_engine(ctx), "endpoints", query)
    ]
    yield from ((name, identifier) for identifier, name in found if name)
    yield from found


@_silently
def profiles(_: click.Context) -> Iterator[tuple[str, str]]:
    """Complete with `local`, and the profiles of the nearest `pyproject.toml`."""
    yield "local", "this machine"
    yield from _profiles()


@_silently
def profile_names(_: click.Context) -> Iterator[tuple[str, str]]:
    """Complete with the profiles of the nearest `pyproject.toml`."""
    yield from _profiles()


def _profiles() -> Iterator[tuple[str, str]]:
    from vertex_flow.profiles import profiles_of

    for name, settings in profiles_of().items():
        yield name, str(settings.get("project", ""))


def _engine(ctx: click.Context) -> StandingEngine:
    """The standing engine that the options mean; raises where none is up, or a project is meant."""
    from vertex_flow.engine.standing import StandingEngine

    if ctx.params.get("place", "local") != "local":
        raise LookupError
    engine = StandingEngine.find(home_of(ctx.params.get("home")), patience=0)
    if engine is None:
        raise LookupError
    return engine


def _page(engine: StandingEngine, collection: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    found = engine.read(f"{_PARENT}/{collection}?{urlencode(query)}").get(collection, [])
    return list(found)


def _newest(name: str) -> dict[str, Any]:
    """What to ask for to find a run by its id, or the newest one."""
    return {"pageSize": 1000 if name else 1, "readMask": "name", "orderBy": "create_time desc"}


def _id(resource: dict[str, Any]) -> str:
    return str(resource["name"]).rpartition("/")[2]
