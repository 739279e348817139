"""What the site shows besides the pages as they stand: the reference, from the docstrings.

A reference page lists names in a table, which reads well anywhere, and names in comments what the
site puts below it: `<!-- ::: vertex_flow.flow.Flow -->`.
"""

from __future__ import annotations

import re
from typing import Any

_COMMENT = re.compile(r"^<!-- (::: [\w.]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Bring the directives of mkdocstrings out of their comments."""
    return _COMMENT.sub(r"\1", markdown)
