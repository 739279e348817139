"""What the site shows besides the pages as they stand: the reference, from the docstrings.

A reference page lists names in a table, which reads well anywhere, and names in comments what the
site puts below it: `<!-- ::: vertex_flow.flow.Flow -->`; `docs/reference_table.py` writes both.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_COMMENT = re.compile(r"^<!-- (::: [\w.]+)( alone| with what it inherits)? -->$", re.MULTILINE)
_OPTIONS = {
    None: "",
    " alone": "\n    options:\n      members: false",
    " with what it inherits": "\n    options:\n      inherited_members: true",
}
_EXAMPLES = Path(__file__).parents[1] / "examples"


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Take the notebooks of the examples into the site, to be downloaded."""
    for path in sorted(_EXAMPLES.glob("*.ipynb")):
        files.append(File.generated(config, f"examples/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Bring the directives of mkdocstrings out of their comments, and the examples into reach."""
    markdown = markdown.replace("](../examples/", "](examples/")
    return _COMMENT.sub(lambda found: f"{found[1]}{_OPTIONS[found[2]]}\n", markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Let a table that is wider than the page be scrolled by keyboard, too."""
    box = '<div class="wide" role="group" aria-label="Table" tabindex="0">'
    return html.replace("<table>", f"{box}<table>").replace("</table>", "</table></div>")


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's search a name that a screen reader can say."""
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="Search"')
