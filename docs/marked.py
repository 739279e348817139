"""The parts of a page that are made from the code, each between two markers."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent


def rewritten(page: str, name: str, content: str) -> str:
    """Give a page with one of its parts made anew.

    Args:
        page: The page's text, in which `<!-- NAME -->` and `<!-- /NAME -->` stand once each.
        name: The part's name.
        content: What stands between the markers.

    Raises:
        ValueError: The markers are not there.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page needs {begin} and {end}, once each")
    return pattern.sub(lambda _: f"{begin}\n\n{content.strip()}\n\n{end}", page)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
