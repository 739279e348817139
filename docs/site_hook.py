"""What the site shows besides the pages as they stand: the reference, from the docstrings.

A reference page lists names in a table, which reads well anywhere, and names in comments what the
site puts below it: `<!-- ::: vertex_flow.flow.Flow -->`; `docs/reference_table.py` writes both.
"""

from __future__ import annotations

import re
from typing import Any

_COMMENT = re.compile(r"^<!-- (::: [\w.]+)( alone| with what it inherits)? -->$", re.MULTILINE)
_OPTIONS = {
    None: "",
    " alone": "\n    options:\n      members: false",
    " with what it inherits": "\n    options:\n      inherited_members: true",
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Bring the directives of mkdocstrings out of their comments."""
    return _COMMENT.sub(lambda found: f"{found[1]}{_OPTIONS[found[2]]}\n", markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Give the theme's search a name that a screen reader can say."""
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="Search"')
