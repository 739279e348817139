"""What all tests share: goldens, and an environment without Google Cloud in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "goldens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the files in tests/goldens")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file in tests/goldens; `pytest --golden` rewrites the file."""

    def compare(name: str, actual: str) -> None:
        path = GOLDENS / name
        if request.config.getoption("--golden"):
            path.write_text(actual, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == actual, "pytest --golden rewrites the file"

    return compare
