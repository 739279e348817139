"""What is loaded before it is asked for."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from vertex_flow.ui.warming import warm
warm().join()
print(*(name in sys.modules for name in ("optuna.importance", "vl_convert")))
"""


def test_what_takes_long_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
