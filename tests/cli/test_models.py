"""`vertex-flow models`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.shop import PRINTED, Shop, ask
from vertex_flow import RegisteredModel
from vertex_flow.texts import describe_time


def test_a_line_a_version_the_newest_first(shop: Shop) -> None:
    made = [describe_time(one.created)[:-3] for one in RegisteredModel.list(shop.context)]
    width, wide = len(shop.model.id), len(PRINTED)
    done = shop("models")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{'id':<{width}}  version  {'name':<{wide}}  aliases  registered        deployed to",
        f"{shop.model.id}        2  {PRINTED}  best     {made[0]}",
        f"{shop.model.id}        1  {'rose':<{wide}}  default  {made[1]}  garden",
    ]


def test_a_program_gets_what_python_does(shop: Shop) -> None:
    expected = [one.as_json() for one in RegisteredModel.list(shop.context)]
    assert shop.json("models") == {"models": expected}


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    done = ask("models", "--home", str(tmp_path / "home"))
    assert (done.exit_code, done.stdout) == (0, "no models\n")
    assert not (tmp_path / "home").exists()
