"""The examples in docstrings run."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from tests.docs.quick_flow import quick_flow
from tests.docs.reading import ROOT, close_runs

_PARSER = CodeBlockParser(language="python", evaluator=PythonEvaluator())


def _examples() -> Iterator[Any]:
    """Each example as a parameter, named after its file and the thing it is about."""
    for path in sorted((ROOT / "vertex_flow").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                continue
            name = getattr(node, "name", "module")
            for example in _in_docstring(ast.get_docstring(node) or "", path):
                yield pytest.param(example, id=f"{path.relative_to(ROOT)}: {name}")


def _in_docstring(docstring: str, path: Path) -> Iterator[Example]:
    # The lines of an example are indented in a Google-style docstring.
    text = "\n".join(textwrap.dedent(part) for part in docstring.split("Example:\n"))
    document = Document(text, str(path))
    for region in _PARSER(document):
        document.add(region)
    yield from document


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the examples take for granted: the public names, a trainer, a flow that runs."""
    import kfp.dsl
    from google.cloud import aiplatform

    import vertex_flow
    from vertex_flow import stages, testing
    from vertex_flow.engine.standing import StandingEngine

    public = {name: getattr(vertex_flow, name) for name in vertex_flow.__all__}
    trainer = vertex_flow.Trainer(module="trainer.task")
    score = stages.Evaluate(thresholds={"accuracy": 0.9})
    found = {**public, **{name: getattr(stages, name) for name in stages.__all__}}
    found |= {"trainer": trainer, "score": score, "flow": quick_flow()}
    found |= {"StageContract": testing.StageContract, "StandingEngine": StandingEngine}
    found |= {"Path": Path, "aiplatform": aiplatform}
    return found | {"Dataset": kfp.dsl.Dataset, "Model": kfp.dsl.Model}


@pytest.mark.parametrize("example", _examples())
def test_an_example_runs(example: Example, names: dict[str, Any], page: Path) -> None:
    example.namespace.update(names)
    try:
        example.evaluate()
    finally:
        close_runs(example.namespace)


def test_there_are_examples() -> None:
    assert len(list(_examples())) > 10
