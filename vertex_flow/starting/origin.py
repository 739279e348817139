"""Where this package was installed from, for a project that installs it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any
from urllib.parse import quote

_NAME = "vertex-flow"
_IN_A_URL = "%/:@+#&=?!$'()*,;~[]{}"  # as they are; a space or a quote would end the URL


def requirement() -> str:
    """Word the requirement that installs this package from where it was installed from.

    An installer notes a folder, a repository or a file in `direct_url.json` (PEP 610). Without
    that note the package is from an index, and its name alone is given.

    Returns:
        `vertex-flow`, or `vertex-flow @ URL`.
    """
    try:
        noted = distribution(_NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return _NAME
    return _NAME if noted is None else f"{_NAME} @ {_url(json.loads(noted))}"


def _url(noted: Mapping[str, Any]) -> str:
    """Put together the parts of a note; of a repository it is the commit that is installed."""
    url = quote(noted["url"], safe=_IN_A_URL)
    if "vcs_info" in noted:
        url = f"{noted['vcs_info']['vcs']}+{url}@{noted['vcs_info']['commit_id']}"
    folder = noted.get("subdirectory")
    return f"{url}#subdirectory={quote(folder)}" if folder else url
