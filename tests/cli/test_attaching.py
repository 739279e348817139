"""How commands take up runs, and end them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import attrs
import click
import pytest
from click.testing import CliRunner

from vertex_flow import GcpContext, Run
from vertex_flow.cli.attaching import ending, engine_for, follow
from vertex_flow.engine.state import presence
from vertex_flow.errors import RunCancelled, RunFailed


@attrs.define
class Followed:
    """What `ending` asks of a run, and says what is done with it."""

    is_local: bool = True
    ends_with_program: bool = True
    endpoint: str | None = None
    job_id: str = "run-1"

    def wait(self, *, progress: Any) -> None:
        pass

    def summary(self) -> str:
        return "all is well"

    def as_json(self) -> dict[str, str]:
        return {"state": "SUCCEEDED"}

    def cancel(self) -> None:
        click.echo("cancelled", err=True)

    def close(self) -> None:
        click.echo("closed", err=True)


def ended(run: Followed, error: BaseException) -> tuple[int, list[str]]:
    """Raise an error while a run is followed: the exit code, and what is said."""

    @click.command()
    @click.pass_context
    def command(ctx: click.Context) -> None:
        ctx.params = {"place": "dev", "home": None}
        with ending(ctx, cast(Run, run)):
            raise error

    done = CliRunner().invoke(command)
    return done.exit_code, done.stderr.splitlines()


FAILED = RunFailed("run-1", stage="fit", task="fit", reason="no luck")


@pytest.mark.parametrize("error", [FAILED, RunCancelled("run-1 was cancelled.")])
def test_why_it_failed_is_said_before_the_engine_ends(error: Exception) -> None:
    lines = [f"Error: {error}", "closed"]
    assert ended(Followed(), error) == (1, "\n".join(lines).split("\n"))


def test_one_that_is_interrupted_ends_with_its_engine() -> None:
    assert ended(Followed(), KeyboardInterrupt())[1][0] == "closed"


def test_one_that_is_interrupted_on_an_engine_that_stays_is_cancelled() -> None:
    assert ended(Followed(ends_with_program=False), KeyboardInterrupt())[1][0] == "cancelled"


def test_one_that_is_interrupted_in_the_cloud_goes_on() -> None:
    run = Followed(is_local=False, ends_with_program=False)
    assert ended(run, KeyboardInterrupt())[1][:1] == [
        "or: vertex-flow status run-1 --follow --on dev"
    ]


ENDS = """
The endpoint ends with this command. For one that stays, start the engine first: vertex-flow up
"""


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("run", "said"),
    [
        (Followed(endpoint="garden"), ENDS),
        (Followed(endpoint="garden", ends_with_program=False), ""),
        (Followed(), ""),
    ],
    ids=["ends", "stays", "no endpoint"],
)
def test_an_endpoint_that_ends_with_the_command_is_said(
    run: Followed, said: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert follow(cast(Run, run), as_json=as_json) == 0
    assert capsys.readouterr().err == said


def test_no_engine_is_started_where_nothing_has_run(tmp_path: Path) -> None:
    with engine_for(GcpContext.local(tmp_path / "home")):
        assert not (tmp_path / "home").exists()


def test_one_engine_is_held_for_several_runs(tmp_path: Path) -> None:
    (tmp_path / "engine.db").touch()
    found: list[Any] = []
    with engine_for(GcpContext.local(tmp_path)):
        found.append(presence.read(tmp_path))
    found.append(presence.read(tmp_path))
    assert (found[0] is not None, found[1]) == (True, None)
