"""Writes the names of the reference, docs/reference/*.md: `python -m docs.reference_table`.

Each page has a table of its names with the first line of their docstrings and, in comments that the
site's hook reads, what the site shows of them below.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from docs.marked import DOCS, rewritten, table
from vertex_flow import errors

FOLDER = DOCS / "reference"
NAME = "names"

# How much of a class the site shows: its own members; those of its bases too; its docstring alone.
OWN, ALL, ALONE = "", " with what it inherits", " alone"

PAGES: Mapping[str, Mapping[str, str]] = {
    "flows": {
        "flow.Flow": OWN,
        "graph.When": OWN,
        "ports.Param": OWN,
        "ports.Port": OWN,
        "contract.Stage": OWN,
        "contract.stage": OWN,
        "ports.In": OWN,
        "ports.Out": OWN,
        "contract.Inputs": OWN,
    },
    "stages": {
        "stages.import_dataset.ImportDataset": ALONE,
        "stages.preprocess.Preprocess": ALONE,
        "stages.hyper_tune.HyperTune": ALONE,
        "stages.train.Train": ALONE,
        "stages.evaluate.Evaluate": ALONE,
        "stages.register.Register": ALONE,
        "stages.deploy.Deploy": ALONE,
        "training.Trainer": ALONE,
        "search.Double": ALONE,
        "search.Integer": ALONE,
        "search.Discrete": ALONE,
        "search.Categorical": ALONE,
    },
    "contexts": {
        "context.GcpContext": ALL,
        "gcp.doctor.Diagnosis": OWN,
        "gcp.requirement.Finding": OWN,
        "gcp.setup.Plan": OWN,
        "gcp.teardown.Removals": OWN,
        "gcp.transfer.outcome.Transfer": OWN,
        "gcp.mount.Mount": OWN,
        "gcp.clean.Leftovers": OWN,
        "gcp.clean.Leftover": OWN,
        "sdk.Sdk": OWN,
    },
    "runs": {
        "runs.run.Run": ALL,
        "runs.options.RunOptions": ALONE,
        "report.snapshot.StageRun": OWN,
        "report.snapshot.Artifact": OWN,
        "runs.outcomes.RegisteredModel": OWN,
        "runs.outcomes.DeployedEndpoint": OWN,
        "runs.listing.RunEntry": OWN,
        "schedules.schedule.Schedule": OWN,
        "cost.estimate.Estimate": OWN,
        "cost.estimate.Row": OWN,
    },
    "errors": {
        f"errors.{_name}": ALONE
        for _name, _class in vars(errors).items()
        if inspect.isclass(_class) and issubclass(_class, errors.VertexFlowError)
    },
    "testing": {
        "testing.stages.StageContract": OWN,
        "testing.engines.VertexEngine": OWN,
        "testing.plugin.vertex_engine": OWN,
        "testing.plugin.local_context": OWN,
    },
}


def path(title: str) -> Path:
    """The file of a page."""
    return FOLDER / f"{title}.md"


def page(title: str) -> str:
    """A page as it should be."""
    return rewritten(path(title).read_text(encoding="utf-8"), NAME, _content(PAGES[title]))


def _content(names: Mapping[str, str]) -> str:
    rows = [[f"`{_public(name)}`", _first_line(_found(name))] for name in names]
    directives = _directives(names.items())
    return table(["name", "is"], rows) + "\n\n" + "\n".join(directives)


def _directives(names: Iterable[tuple[str, str]]) -> list[str]:
    return [f"<!-- ::: vertex_flow.{name}{extent} -->" for name, extent in names]


def _found(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(import_module(f"vertex_flow.{module}"), last)


def _public(name: str) -> str:
    """The name with the module that a program imports it from, if it is one to be imported."""
    last = _last(name)
    for module in (
        "vertex_flow",
        "vertex_flow.stages",
        "vertex_flow.errors",
        "vertex_flow.testing",
    ):
        loaded = import_module(module)
        if last in getattr(loaded, "__all__", vars(loaded)):
            return f"{module}.{last}"
    return last


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(getattr(thing, "__wrapped__", thing)) or "").split("\n\n")[0]


if __name__ == "__main__":
    for one in PAGES:
        path(one).write_text(page(one), encoding="utf-8")
