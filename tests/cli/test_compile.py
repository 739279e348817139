"""`vertex-flow compile`."""

from __future__ import annotations

import hashlib
import json

import yaml  # type: ignore[import-untyped]

from tests.cli.flow_files import Inside, write


def test_path_and_digest_are_said(here: Inside) -> None:
    write(here.folder)
    done = here("compile", "flow.py")
    file = here.folder / "twice.yaml"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (done.returncode, done.stdout) == (0, f"{file}\nsha256 {digest}\n")


def test_another_file_and_the_same_for_a_program(here: Inside) -> None:
    write(here.folder)
    facts = here.json("compile", "flow.py", "-o", "out of here/ü.json")
    file = here.folder / "out of here" / "ü.json"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert facts == {"flow": "twice", "path": str(file), "sha256": digest}


def test_the_standard_output_gets_the_file_alone(here: Inside) -> None:
    write(here.folder)
    done = here("compile", "flow.py", "-o", "-")
    assert yaml.safe_load(done.stdout)["pipelineInfo"]["name"] == "twice"
    assert [file.name for file in here.folder.iterdir()] == ["flow.py"]


def test_the_standard_output_gets_json_for_a_program(here: Inside) -> None:
    write(here.folder)
    done = here("compile", "flow.py", "-o", "-", "--json")
    assert json.loads(done.stdout)["pipelineInfo"]["name"] == "twice"


def test_a_file_of_another_kind(here: Inside) -> None:
    write(here.folder)
    done = here("compile", "flow.py", "-o", "twice.txt")
    assert (done.returncode, done.stderr) == (
        1,
        "loading\n"
        "Error: compile('twice.txt'): expected a path that ends in .yaml, .yml or .json.\n",
    )


def test_a_folder_that_cannot_be_written(here: Inside) -> None:
    write(here.folder)
    done = here("compile", "flow.py", "-o", "/proc/twice.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("loading\nError: /proc/twice.yaml cannot be written: ")


def test_the_name_of_a_file_is_not_obeyed_by_a_terminal(here: Inside) -> None:
    write(here.folder)
    done = here("compile", "flow.py", "-o", "\x1b[31mred\u202e.yaml")
    assert done.stdout.splitlines()[0] == f"{here.folder}/\\x1b[31mred\\u202e.yaml"
