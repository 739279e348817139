"""What is given to a parameter or an argument arrives in the training code as it is."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import json
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from tests.end_to_end.conftest import Lab
from vertex_flow import Flow, Inputs, Out, Outputs, Param, Stage, Value, stage
from vertex_flow.stages import Train

# Writes its flags and its own variables down.
SHOW = """
import json, os, sys
mine = {name: text for name, text in os.environ.items() if name.startswith("MY_")}
with open(os.environ["AIP_MODEL_DIR"] + "seen.json", "w") as file:
    json.dump({"flags": sys.argv[1:], "env": mine}, file)
"""

TEXTS = {
    "quotes": 'it\'s "quoted" and `ticked`, $HOME ${HOME} $(id) %s %(x)s {0}',
    "lines": "one\ntwo\tthree\r\nfour",
    "unicode": "ünï 漢字 🎉 \u2028 \u200f end",
    "records": "a␞b␟c ␞ ␟",
    "braces": "{{x}} {{ y }} {%z%}",
    "marker": '{"$value": "quotes"}',
    "backslashes": r"\n \\ \u0041 C:\dir",
    "empty": "",
    "spaces": "  before and after  ",
    "null": "null",
    "number": "5.0",
    "bool": "True",
    "markup": "<b>&amp;</b> [bold]x[/bold]",
    "dashes": "--epochs=5",
    "long": "x" * 20_000,
}

VALUES = {
    "int": 3,
    "negative": -7,
    "large": 2**53,
    "float": 0.1,
    "whole": 5.0,
    "tiny": 1e-300,
    "true": True,
    "false": False,
    "list": [1, 2.5, "x y", True],
    "dict": {"b": [1, {"c": "it's"}], "a": 0},
    "nothing": [],
}
FLAGS = [
    "int=3",
    "negative=-7",
    "large=9007199254740992",
    "float=0.1",
    "whole=5",
    "tiny=1e-300",
    "true=true",
    "false=false",
    "list=1",
    "list=2.5",
    "list=x y",
    "list=true",
    'dict={"a":0,"b":[1,{"c":"it\'s"}]}',
]


def seen(lab: Lab, args: dict[str, Any], env: dict[str, Any], **params: Any) -> dict[str, Any]:
    data = lab.data
    train = Train(lab.trainer(SHOW, env=env), args=args, train_data=data.dataset)
    run = lab.run(Flow("show", [data, train]), **params)
    return json.loads((Path(run["train"].artifacts["model"].uri) / "seen.json").read_text())


@pytest.fixture(scope="module")
def texts(lab: Lab) -> dict[str, Any]:
    """What the training code saw of every text, given in four ways."""
    params = {name: Param(f"p_{name}", "") for name in TEXTS}
    args = {**{f"p_{name}": param for name, param in params.items()}, **TEXTS}
    env = {f"MY_P_{name}": param for name, param in params.items()}
    env |= {f"MY_{name}": text for name, text in TEXTS.items()}
    found = seen(lab, args, env, **{f"p_{name}": text for name, text in TEXTS.items()})
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in found["flags"])
    return {"flags": flags, **found["env"]}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_as_arguments(texts, name):
    assert texts["flags"][name] == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_as_parameters(texts, name):
    assert texts["flags"][f"p_{name}"] == TEXTS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_as_variables(texts, name):
    assert (texts[f"MY_{name}"], texts[f"MY_P_{name}"]) == (TEXTS[name], TEXTS[name])


def arguments(lab: Lab) -> list[str]:
    """The command line, by the names of the flags."""
    flags = [*FLAGS, f"train_data={lab.folder}/data.npz"]
    return [f"--{flag}" for flag in sorted(flags, key=lambda flag: flag.partition("=")[0])]


def test_values_of_every_type_as_arguments(lab: Lab):
    flags = seen(lab, {**VALUES, "left_out": None, "gaps": [None]}, {})["flags"]
    assert flags == arguments(lab)


def test_values_of_every_type_as_parameters(lab: Lab):
    args = {name: Param(f"p_{name}", type(value)()) for name, value in VALUES.items()}
    params = {f"p_{name}": value for name, value in VALUES.items()}
    flags = seen(lab, args, {}, **params)["flags"]
    assert flags == arguments(lab)


@dsl.component(base_image="python:3.11")
def note(number: int, text: str) -> str:
    """Put two values together."""
    return f"{number} {text}"


@stage
class Note(Stage):
    """Puts two values together.

    Attributes:
        number: A number.
        text: A text.
        label: Both.
    """

    number: Value[int] = 1
    text: Value[str] = ""
    label = Out(str)

    def emit(self, io: Inputs) -> Outputs:
        return {"label": note(number=io.number, text=io.text).output}


def test_a_stage_with_the_longest_name(lab: Lab):
    name = "n" * 63
    run = lab.run(Flow("f" * 63, [Note(name=name, text="hi")]))
    assert run[name].outputs == {"label": "1 hi"}


def test_sixty_stages_at_once(lab: Lab):
    notes = [Note(name=f"note-{number}", number=number) for number in range(60)]
    run = lab.run(Flow("notes", notes))
    labels = {one.outputs["label"] for one in run.stages}
    assert labels == {f"{number} " for number in range(60)}


@pytest.mark.parametrize("text", list(TEXTS.values())[:9])
def test_texts_between_stages(lab: Lab, text: str):
    first = Note(name="first", text=text)
    run = lab.run(Flow("notes", [first, Note(name="second", text=first.label)]))
    assert run["second"].outputs["label"] == f"1 1 {text}"


def test_huge_numbers_as_parameters(lab: Lab):
    run = lab.run(Flow("notes", [Note(number=Param("number", 1))]), number=2**53)
    assert run["note"].outputs["label"] == f"{2**53} "
