"""Flows in files: how one is addressed, and what is said where it cannot be loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vertex_flow import Flow
from vertex_flow.errors import SettingError, WiringError
from vertex_flow.loading import Address, names, resolve

FLOW = """
from vertex_flow import Flow
from vertex_flow.stages import ImportDataset

flow = Flow("sample", [ImportDataset("gs://bucket/data")])
"""
TWO = FLOW + 'other = Flow("other", [ImportDataset("gs://bucket/data")])\n'
MAKING = """
from vertex_flow import Flow
from vertex_flow.stages import ImportDataset

def sample() -> Flow:
    return Flow("sample", [ImportDataset("gs://bucket/data")])

def named(name: str) -> "Flow":
    return Flow(name, [ImportDataset("gs://bucket/data")])

def text() -> str:
    return "text"

def broken():
    raise ValueError("no luck today")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def write(path: str, text: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def refusal(address: Any = None) -> str:
    with pytest.raises(SettingError) as caught:
        Flow.load(address)
    return str(caught.value)


def test_a_flow_is_loaded_by_file_and_name() -> None:
    write("flows/mine.py", TWO)
    assert Flow.load("flows/mine.py:other").name == "other"


def test_the_only_flow_of_a_file_needs_no_name() -> None:
    assert Flow.load(write("mine.py", FLOW)).name == "sample"


def test_two_names_of_one_flow_are_one_flow() -> None:
    write("mine.py", FLOW + "same = flow\n")
    assert Flow.load("mine.py").name == "sample"


def test_a_function_that_says_to_give_a_flow_is_one() -> None:
    write("mine.py", MAKING)
    assert Flow.load("mine.py").name == "sample"


def test_a_file_may_have_any_name() -> None:
    write("our flöws/mine: 2 (copy).py", FLOW)
    assert Flow.load("our flöws/mine: 2 (copy).py:flow").name == "sample"
    assert Flow.load("our flöws/mine: 2 (copy).py").name == "sample"


def test_a_file_named_as_a_module_of_python_does_not_replace_it() -> None:
    import random

    write("random.py", FLOW)
    assert Flow.load("random.py").name == "sample"
    assert sys.modules["random"] is random


def test_the_folder_of_the_file_is_importable() -> None:
    write("flows/beside.py", "NAME = 'from-beside'")
    text = FLOW.replace('"sample"', "NAME") + "from beside import NAME as _\n"
    write("flows/mine.py", "from beside import NAME\n" + text)
    assert Flow.load("flows/mine.py").name == "from-beside"


def test_what_is_for_scripts_is_not_run() -> None:
    write("mine.py", FLOW + "if __name__ == '__main__':\n    raise SystemExit(1)\n")
    assert Flow.load("mine.py").name == "sample"


def test_a_file_that_was_changed_is_loaded_anew() -> None:
    write("mine.py", FLOW)
    assert Flow.load("mine.py").name == "sample"
    write("mine.py", FLOW.replace("sample", "simple"))  # as many letters, within the same second
    assert Flow.load("mine.py").name == "simple"


def test_a_project_names_its_flow() -> None:
    write("pyproject.toml", '[tool.vertex_flow]\nflow = "flows/mine.py:other"')
    write("flows/mine.py", TWO)
    assert Flow.load().name == "other"


def test_the_path_in_a_project_is_relative_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    write("pyproject.toml", '[tool.vertex_flow]\nflow = "mine.py"')
    write("mine.py", FLOW)
    Path("deep/down").mkdir(parents=True)
    monkeypatch.chdir("deep/down")
    assert Flow.load().name == "sample"


def test_a_project_names_several_flows() -> None:
    write("pyproject.toml", '[tool.vertex_flow.flows]\none = "a.py:flow"\ntwo = "b.py"')
    assert resolve("one") == Address(Path("a.py"), "flow")
    assert resolve("two") == Address(Path("b.py"))
    assert names() == ("one", "two")


def test_the_only_one_of_a_project_is_meant() -> None:
    write("pyproject.toml", '[tool.vertex_flow.flows]\none = "a.py:flow"')
    assert str(resolve()) == "a.py:flow"


def test_the_one_that_is_meant_may_be_given_by_name() -> None:
    flows = '[tool.vertex_flow]\nflow = "two"\nflows = { one = "a.py", two = "b.py:flow" }'
    write("pyproject.toml", flows)
    assert str(resolve()) == "b.py:flow"


def test_a_broken_project_has_no_names() -> None:
    write("pyproject.toml", "[tool.vertex_flow")
    assert names() == ()


def test_no_project_and_no_address(folder: Path) -> None:
    assert refusal() == (
        f"no flow is given, and there is no pyproject.toml in {folder} or above it. Give one, as "
        'flow.py:flow, or write it there: [tool.vertex_flow] flow = "flow.py:flow".'
    )


def test_a_project_that_names_none(folder: Path) -> None:
    write("pyproject.toml", "tool = 3")
    assert refusal() == (
        f"no flow is given, and {folder}/pyproject.toml names none. Give one, as "
        'flow.py:flow, or write it there: [tool.vertex_flow] flow = "flow.py:flow".'
    )


def test_a_project_that_does_not_say_which(folder: Path) -> None:
    write("pyproject.toml", '[tool.vertex_flow.flows]\none = "a.py:flow"\ntwo = "b.py:flow"')
    assert refusal() == (
        f"no flow is given, and {folder}/pyproject.toml names several: one, two. "
        'Give one, or write which is meant: [tool.vertex_flow] flow = "NAME".'
    )


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ("flow = 3", "flow = 3: expected a text, as 'flow.py:flow'."),
        (
            "flows = { a = 1 }",
            "flows = {'a': 1}: expected a table of texts, as { mnist = 'flow.py:flow' }.",
        ),
    ],
)
def test_a_project_that_names_no_text(folder: Path, settings: str, fault: str) -> None:
    write("pyproject.toml", f"[tool.vertex_flow]\n{settings}")
    assert refusal() == f"{folder}/pyproject.toml: {fault}"


def test_a_name_that_no_project_has(folder: Path) -> None:
    write("pyproject.toml", '[tool.vertex_flow.flows]\nmnist = "a.py:flow"')
    assert refusal("mnits") == (
        f"there is no file 'mnits', nor a flow of that name in pyproject.toml; "
        f"{folder}/pyproject.toml has mnist. Did you mean 'mnist'? Give one, as flow.py:flow."
    )


def test_a_file_without_its_suffix() -> None:
    write("mine.py", FLOW)
    assert refusal("mine") == (
        "there is no file 'mine'. Did you mean 'mine.py'? Give one, as flow.py:flow."
    )


def test_a_file_that_is_not_there() -> None:
    write("flows/mnist.py", FLOW)
    assert refusal("flows/mnits.py:flow") == (
        "there is no file 'flows/mnits.py'. Did you mean 'mnist.py'?"
    )


def test_a_folder(folder: Path) -> None:
    Path("flows").mkdir()
    assert refusal("flows/") == ("flows is a folder. Give the file in it: flows/flow.py:flow.")


def test_a_file_that_is_no_python() -> None:
    write("mnist.yaml", "")
    assert refusal("mnist.yaml") == (
        "'mnist.yaml' is no Python file: expected a name that ends in .py."
    )


@pytest.mark.parametrize("address", [3, "", "a\0b.py"])
def test_what_is_no_address(address: Any) -> None:
    assert refusal(address) == (
        f"Flow.load({address!r}): expected the path of a Python file, with the name of a flow in "
        "it."
    )


def test_a_path_of_ten_thousand_letters() -> None:
    assert refusal("x" * 10_000 + ".py").startswith("there is no file 'xxx")


def test_a_name_that_is_not_there() -> None:
    write("mine.py", TWO)
    assert refusal("mine.py:flaw") == (
        "mine.py has no flow 'flaw'; it has flow, other. Did you mean 'flow'?"
    )


def test_several_flows_in_a_file() -> None:
    write("mine.py", TWO)
    assert refusal("mine.py") == (
        "mine.py holds several flows: flow, other. Name one: mine.py:flow."
    )


def test_no_flow_in_a_file() -> None:
    write("mine.py", "x = 1")
    assert refusal("mine.py") == (
        "mine.py holds no flow: expected `flow = Flow(...)` at the left margin, or "
        "`def flow() -> Flow:`."
    )


def test_a_flow_that_only_a_script_makes() -> None:
    write("mine.py", "if __name__ == '__main__':\n    flow = 1\n")
    assert refusal("mine.py").endswith(
        " What stands below `if __name__ == '__main__':` is not run here."
    )


def test_a_name_of_something_else() -> None:
    write("mine.py", MAKING + "number = 3\n")
    assert refusal("mine.py:number") == (
        "mine.py:number is 3: expected a Flow, or a function without arguments that gives one."
    )


def test_a_function_of_something_else() -> None:
    write("mine.py", MAKING)
    assert refusal("mine.py:text") == (
        "mine.py:text gives 'text': expected a Flow, or a function without arguments that gives "
        "one."
    )


def test_a_function_with_arguments() -> None:
    write("mine.py", MAKING)
    assert refusal("mine.py:named") == (
        "mine.py:named takes arguments (name): expected a Flow, or a function without arguments "
        "that gives one."
    )


def test_what_a_function_raises_is_said_with_its_line(folder: Path) -> None:
    write("mine.py", MAKING)
    assert refusal("mine.py:broken") == (
        "mine.py cannot be loaded:\n"
        "Traceback (most recent call last):\n"
        f'  File "{folder}/mine.py", line 15, in broken\n'
        '    raise ValueError("no luck today")\n'
        "ValueError: no luck today"
    )


def test_an_import_that_fails_is_said_with_the_lines_of_the_user_alone(folder: Path) -> None:
    write("helper.py", "\nimport no_such_module\n")
    write("mine.py", "import helper\n")
    assert refusal("mine.py") == (
        "mine.py cannot be loaded:\n"
        "Traceback (most recent call last):\n"
        f'  File "{folder}/mine.py", line 1, in <module>\n'
        "    import helper\n"
        f'  File "{folder}/helper.py", line 2, in <module>\n'
        "    import no_such_module\n"
        "ModuleNotFoundError: No module named 'no_such_module'"
    )


def test_what_led_to_an_error_is_said_too() -> None:
    write("mine.py", "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')\n")
    said = refusal("mine.py")
    assert "ZeroDivisionError: division by zero" in said
    assert "loading.py" not in said


def test_an_error_of_syntax(folder: Path) -> None:
    write("mine.py", "flow = Flow(\n")
    assert refusal("mine.py") == (
        "mine.py cannot be loaded:\n"
        f'  File "{folder}/mine.py", line 1\n'
        "    flow = Flow(\n"
        "               ^\n"
        "SyntaxError: '(' was never closed"
    )


def test_a_file_that_is_no_text() -> None:
    Path("mine.py").write_bytes(b"\xff\0")
    assert refusal("mine.py").startswith("mine.py cannot be loaded:\n")


def test_a_file_that_ends_the_program() -> None:
    write("mine.py", "import sys\nsys.exit(3)\n")
    assert refusal("mine.py") == (
        "mine.py ended the program, with 3: it is a script. Put what it runs below "
        "`if __name__ == '__main__':`, and the flow above."
    )


def test_a_wrong_wiring_is_raised_as_it_is() -> None:
    write("mine.py", "from vertex_flow import Flow\nflow = Flow('empty', [])\n")
    with pytest.raises(WiringError) as caught:
        Flow.load("mine.py")
    assert caught.value.flow == "empty"


def test_a_file_that_fails_leaves_no_module() -> None:
    write("mine.py", "1 / 0")
    refusal("mine.py")
    assert "mine" not in sys.modules


def test_a_file_that_fails_leaves_the_module_that_was_there() -> None:
    write("mine.py", FLOW)
    Flow.load("mine.py")
    module = sys.modules["mine"]
    write("mine.py", "1 / 0")
    refusal("mine.py")
    assert sys.modules["mine"] is module
