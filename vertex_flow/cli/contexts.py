"""The options by which a command is told which Google Cloud project it is about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli import completing
from vertex_flow.cli.places import LOCAL
from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext

_OPTIONS = (
    click.option(
        "--on",
        "--profile",
        "profile",
        metavar="PROFILE",
        shell_complete=completing.profile_names,
        help="A profile of pyproject.toml: [tool.vertex_flow.contexts.PROFILE].",
    ),
    click.option(
        "--project",
        metavar="ID",
        help="Project.  [default: the environment's, gcloud's, or the first to be seen]",
    ),
    click.option("--location", metavar="REGION", help="Region.  [default: us-central1]"),
    click.option("--bucket", metavar="NAME", help="Bucket.  [default: <project>-vertex-flow]"),
)


def context_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a context, and the context that they mean as `context`."""

    @functools.wraps(command)
    def run(
        *,
        profile: str | None,
        project: str | None,
        location: str | None,
        bucket: str | None,
        **others: Any,
    ) -> Any:
        given = {"project": project, "location": location, "bucket": bucket}
        context = _context(profile, {key: value for key, value in given.items() if value})
        return command(context=context, **others)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def _context(profile: str | None, given: dict[str, str]) -> GcpContext:
    from vertex_flow.context import GcpContext

    if profile is None:
        return GcpContext(**given)  # type: ignore[arg-type] # all of these are texts
    if given:
        raise SettingError(
            f"--on {profile} and --{next(iter(given))}: a profile says where everything is. "
            "Give one of the two."
        )
    return GcpContext.local() if profile == LOCAL else GcpContext.from_profile(profile)
