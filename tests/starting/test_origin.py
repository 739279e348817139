"""Where a new project gets this package from: from where it was installed from itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.starting.installed import install
from vertex_flow.starting.origin import requirement

GIT = {"vcs": "git", "requested_revision": "main", "commit_id": "c0ffee"}


@pytest.mark.parametrize(
    ("note", "url"),
    [
        ({"url": "file:///src/flow", "dir_info": {}}, "file:///src/flow"),
        ({"url": "file:///src/flow", "dir_info": {"editable": True}}, "file:///src/flow"),
        ({"url": "file:///my%20src", "dir_info": {}}, "file:///my%20src"),
        ({"url": 'file:///my "<<name>>"', "dir_info": {}}, "file:///my%20%22%3C%3Cname%3E%3E%22"),
        ({"url": "https://acme/f.whl", "archive_info": {}}, "https://acme/f.whl"),
        ({"url": "https://acme/f.git", "vcs_info": GIT}, "git+https://acme/f.git@c0ffee"),
        (
            {"url": "ssh://git@acme/f.git", "vcs_info": GIT, "subdirectory": "sdk"},
            "git+ssh://git@acme/f.git@c0ffee#subdirectory=sdk",
        ),
    ],
)
def test_from_where_it_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: dict[str, Any], url: str
) -> None:
    install(tmp_path, monkeypatch, json.dumps(note))
    found = Requirement(requirement())
    assert (found.name, found.url) == ("vertex-flow", url)


def test_by_its_name_from_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, None)
    assert requirement() == "vertex-flow"


def test_by_its_name_where_it_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert requirement() == "vertex-flow"
