from __future__ import annotations

import json

import pytest

from vertex_flow.engine.pipelines.placeholders import PlaceholderError, View, every_path, expand

VIEW = View(
    values={
        "pipeline_root": "gs://b",
        "inputs": {
            "parameters": {"x": 5, "f": 2.0, "b": True, "s": 'a "b"', "l": [1]},
            "artifacts": {"m": {"uri": "gs://b/m", "metadata": {"resourceName": "models/1"}}},
        },
        "outputs": {"parameters": {"o": {"output_file": "/o"}}},
    },
    whole={"a": '"'},
)
PAYLOAD = {"Concat": ['{"name": "', "{{$.inputs.parameters['s']}}", '"}']}
OPTION = {"IfPresent": {"InputName": "x", "Then": ["--x", "{{$.inputs.parameters['x']}}"]}}
NESTED = {"Concat": ["a", {"IfPresent": {"InputName": "x", "Then": "b", "Else": "c"}}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{$.pipeline_root}}/x", "gs://b/x"),
        ("{{$.inputs.parameters['x']}}-{{$.inputs.parameters['f']}}", "5-2.0"),
        ("{{$.inputs.parameters['b']}} {{$.inputs.parameters['l']}}", "true [1]"),
        ("{{$.inputs.artifacts['m'].uri}}", "gs://b/m"),
        ("{{$.inputs.artifacts['m'].metadata['resourceName']}}", "models/1"),
        ("{{$.outputs.parameters['o'].output_file}}", "/o"),
        ("{{$}}", '{"a": "\\""}'),
        ("{{$.inputs.parameters['s'].json_escape[1]}}", 'a \\"b\\"'),
        ("no {{placeholder}} {$} here", "no {{placeholder}} {$} here"),
    ],
)
def test_a_placeholder_is_filled_in(text: str, expected: str) -> None:
    assert VIEW.fill(text) == expected


def test_escaping_can_be_undone() -> None:
    escaped = VIEW.fill('"{{$.json_escape[2]}}"')

    assert json.loads(f'"{json.loads(escaped)}"') == json.dumps(VIEW.whole)


def test_what_was_filled_in_is_not_searched_again() -> None:
    view = View(values={"a": "{{$.b}}", "b": "no"})

    assert view.fill("{{$.a}}") == "{{$.b}}"


def test_an_input_without_a_value_is_named() -> None:
    with pytest.raises(PlaceholderError, match=r"\['y'\]}} has no value: the task has no such"):
        VIEW.fill("{{$.inputs.parameters['y']}}")


def test_placeholders_can_be_kept() -> None:
    assert View(values={}, keep=every_path).fill("{{$.pipeline_root}}") == "{{$.pipeline_root}}"


@pytest.mark.parametrize(
    ("structure", "present", "expected"),
    [
        (PAYLOAD, (), ["""{"name": "{{$.inputs.parameters['s']}}"}"""]),
        (OPTION, ("x",), ["--x", "{{$.inputs.parameters['x']}}"]),
        (OPTION, (), []),
        (NESTED, ("x",), ["ab"]),
        (NESTED, (), ["ac"]),
    ],
)
def test_a_structure_becomes_words(
    structure: object, present: tuple[str, ...], expected: list[str]
) -> None:
    assert expand(json.dumps(structure), present) == expected


@pytest.mark.parametrize("word", ['{"a": 1}', "{", "{}", '{"Concat": ["a"], "b": 1}'])
def test_other_json_is_left_alone(word: str) -> None:
    assert expand(word, ()) == [word]
