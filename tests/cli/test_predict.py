"""`vertex-flow predict`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import Shop, ask

FORM = 'a JSON list of instances, or {"instances": [...], "parameters": {...}}'


def test_a_prediction_a_line(shop: Shop) -> None:
    done = shop("predict", "garden", "[1, 2]")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "[null]\n[null]\n", "")


@pytest.mark.parametrize("kind", ["display_name", "id", "name"])
def test_an_endpoint_has_three_names(shop: Shop, kind: str) -> None:
    assert shop("predict", getattr(shop.endpoint, kind), "[1]").stdout == "[null]\n"


def test_parameters_reach_the_server(shop: Shop) -> None:
    given = '{"instances": [1], "parameters": {"top": 3}}'
    assert shop("predict", "garden", given).stdout == '[{"top": 3}]\n'


def test_instances_from_a_file(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "given.json").write_text("[1]")
    assert shop("predict", "garden", f"@{tmp_path / 'given.json'}").stdout == "[null]\n"


def test_instances_from_the_standard_input(shop: Shop) -> None:
    assert shop("predict", "garden", "-", typed="[1]").stdout == "[null]\n"


def test_a_program_gets_one_object(shop: Shop) -> None:
    expected = {"endpoint": shop.endpoint.name, "predictions": [[None]]}
    assert shop.json("predict", "garden", "[1]") == expected


def test_what_a_server_says_is_not_obeyed_by_a_terminal(shop: Shop) -> None:
    given = '{"instances": [1], "parameters": {"\\u001b[31m": "\\u202e"}}'
    assert shop("predict", "garden", given).stdout == '[{"\\u001b[31m": "\\u202e"}]\n'


def test_a_refusal_is_said(shop: Shop) -> None:
    done = shop("predict", "garden", '["bad"]')
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no such flower" in done.stderr


def test_an_unknown_endpoint_has_its_nearest_name(shop: Shop) -> None:
    done = shop("predict", "gardn", "[1]")
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: there is no endpoint 'gardn' here; its endpoints are garden. Did you mean "
        "'garden'?\n",
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("[1,", f"the instances, line 1, column 4: no JSON: Expecting value. Expected {FORM}."),
        ("[NaN]", f"the instances: no JSON: NaN is no number in it. Expected {FORM}."),
        ("3", f"the instances: a number. Expected {FORM}."),
        ('"x"', f"the instances: a text. Expected {FORM}."),
        ("null", f"the instances: null. Expected {FORM}."),
        (
            '{"instance": [1]}',
            f"the instances: there is no key 'instance'. Expected {FORM}. Did you mean "
            "'instances'?",
        ),
        ("[]", "the instances: instances: an empty list. Expected a list of one instance or more."),
        ("{}", "the instances: instances: missing. Expected a list of one instance or more."),
        (
            '{"instances": {}}',
            "the instances: instances: an object. Expected a list of one instance or more.",
        ),
        (
            '{"instances": [1], "parameters": [2]}',
            "the instances: parameters: a list. Expected an object.",
        ),
        ("@missing.json", "missing.json cannot be read: No such file or directory."),
    ],
)
def test_instances_that_are_wrong(tmp_path: Path, given: str, said: str) -> None:
    done = ask("predict", "garden", given, "--home", str(tmp_path / "home"))
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {said}\n")


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    done = ask("predict", "garden", f"@{tmp_path / 'x'}")
    assert (done.exit_code, "x cannot be read: 'utf-8' codec" in done.stderr) == (1, True)


def test_where_nothing_has_run_nothing_is_made(tmp_path: Path) -> None:
    done = ask("predict", "garden", "[1]", "--home", str(tmp_path / "home"))
    assert (done.exit_code, (tmp_path / "home").exists()) == (1, False)
    assert done.stderr == "Error: there is no endpoint 'garden' here; there is none.\n"
