"""Findings as text that fits a terminal."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from vertex_flow.gcp.table import rows

LONG = (
    "gcloud iam service-accounts add-iam-policy-binding vertex-flow@acme.iam.gserviceaccount.com "
    '--member="user:$(gcloud config get account)" --role=roles/iam.serviceAccountUser '
    "--project=acme"
)


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    assert rows([("ok", "bucket", "a"), ("missing", "x", "b")]) == (
        "ok       bucket  a\nmissing  x       b"
    )


def test_the_last_column_is_wrapped() -> None:
    lines = rows([("ok", "a", "word " * 30)]).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("       word")


def test_a_command_is_broken_so_that_it_can_be_pasted() -> None:
    text = rows([("missing", "caller", "x")], [LONG])
    pasted = text.split("\n", 1)[1].replace("\\\n", "")
    assert max(map(len, text.splitlines())) <= 80
    assert [" ".join(one.split()) for one in shlex.split(pasted)] == shlex.split(LONG)


def test_a_shell_reads_a_broken_command_as_one() -> None:
    pasted = rows([("missing", "caller", "x")], [LONG]).split("\n", 1)[1]
    script = f"gcloud() {{ [ $# = 3 ] && echo ada || printf '%s|' \"$@\"; }}; {pasted}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("|")[4:] == [
        "--member=user:ada",
        "--role=roles/iam.serviceAccountUser",
        "--project=acme",
        "",
    ]


def test_a_fix_that_is_no_command_is_wrapped_as_text() -> None:
    lines = rows([("wrong", "a", "b")], ["choose another name " * 6]).splitlines()[1:]
    assert max(map(len, lines)) <= 80
    assert "\\" not in "".join(lines)


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\rb", "\u202e"])
def test_control_characters_do_not_reach_the_terminal(hostile: str) -> None:
    text = rows([("ok", hostile, hostile)], [f"gcloud {hostile}"])
    assert hostile not in text


def test_a_row_without_text() -> None:
    assert rows([("ok", "a", "")]) == "ok  a"
