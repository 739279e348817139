"""The type checkers read what users write as users expect."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


def report(*command: str, cwd: Path) -> str:
    """What a checker says; the empty text when it has nothing against it."""
    done = subprocess.run(
        command, check=False, cwd=cwd, capture_output=True, text=True, timeout=250
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_mypy_strict(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\nwarn_unused_ignores = True\n"
        "[mypy-kfp.*,google_cloud_pipeline_components.*]\nignore_missing_imports = True\n"
        "follow_imports = skip\n"
        "[mypy-google.*]\nignore_missing_imports = True\nfollow_imports = skip\n"
    )
    mypy = [sys.executable, "-m", "mypy", "--python-executable", sys.executable]
    assert report(*mypy, str(HERE / "users_code.py"), cwd=tmp_path) == ""


def test_pyright(tmp_path: Path) -> None:
    pyright = BIN / "pyright"
    if not pyright.exists() or report(str(pyright), "--version", cwd=tmp_path):
        pytest.skip("pyright cannot start here: it downloads its program when it is first used")
    for file in ("users_code.py", "artifact_types.py"):
        shutil.copy(HERE / file, tmp_path)  # pyright reads below its configuration only
    strict = {"reportUnnecessaryTypeIgnoreComment": True, "enableTypeIgnoreComments": False}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(strict))
    assert report(str(pyright), "--pythonpath", sys.executable, cwd=tmp_path) == ""
