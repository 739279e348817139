"""`vertex-flow teardown` of a project that was never set up; more in `test_setup`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.cloud import cloud_shell


def test_nothing_of_it_is_there(tmp_path: Path) -> None:
    with cloud_shell(tmp_path) as cloud:
        done = cloud("teardown", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nothing of it is here\n"
