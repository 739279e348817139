"""Writes which of KFP's published pipelines do not run: `python -m docs.published_table`."""

from __future__ import annotations

from docs.marked import DOCS, rewritten, table
from tests.published import catalogue

PAGE = DOCS / "engine.md"
NAME = "published pipelines"
_TREE = f"https://github.com/kubeflow/pipelines/tree/{catalogue.REVISION}/test_data"


def content() -> str:
    """How many run, then those that do not with what they need."""
    kinds = dict.fromkeys(miss.kind for miss in catalogue.MISSES.values())
    elsewhere = sum(miss.kind != catalogue.OTHER for miss in catalogue.MISSES.values())
    here, missed = catalogue.PIPELINES - elsewhere, len(catalogue.MISSES) - elsewhere
    counts = (
        f"Of the {catalogue.PIPELINES} pipelines that [KFP publishes as valid]({_TREE}), "
        f"{elsewhere} need Kubernetes objects, the programs of a container image, or a network. "
        f"Of the other {here}, {here - missed} run with the results that they should have, those "
        "that should fail included."
    )
    rows = [
        [f"`{name.removeprefix('valid/')}`", kind, miss.reason]
        for kind in kinds
        for name, miss in sorted(catalogue.MISSES.items())
        if miss.kind == kind
    ]
    return f"{counts}\n\n{table(['pipeline', 'why it does not run', 'what that is'], rows)}"


def page() -> str:
    """The page as it should be."""
    return rewritten(PAGE.read_text(encoding="utf-8"), NAME, content())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
