"""The environment variables of a process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from vertex_flow.engine.processes.command import Command
from vertex_flow.engine.processes.threads import thread_variables

# What belongs to the process that the engine runs in, and would mislead a job.
_SCRUBBED_PREFIXES = ("AIP_", "CLOUD_ML_", "COVERAGE_PROCESS_", "COV_CORE_", "VERTEX_FLOW_")
_SCRUBBED = frozenset(
    {
        "CLUSTER_SPEC",
        "PYTEST_CURRENT_TEST",
        "PYTHONSTARTUP",
        "TF_CONFIG",
        "_KFP_RUNTIME",
    }
)
# What packages and the interpreter read while they are loaded, which in a forked process is over.
_READ_AT_IMPORT = (
    "ABSL_",
    "CUDA_",
    "GRPC_",
    "KERAS_",
    "KMP_",
    "LANG",
    "LC_",
    "LD_",
    "MALLOC_",
    "MKL_",
    "NPY_",
    "NUMEXPR_",
    "NVIDIA_",
    "OMP_",
    "OPENBLAS_",
    "PROTOCOL_BUFFERS_",
    "PYTHON",
    "TF_",
    "XLA_",
)
_READ_LATER = frozenset(
    {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
        "PYTHONUNBUFFERED",
        "TF_CONFIG",
        "TF_NUM_INTEROP_THREADS",
        "TF_NUM_INTRAOP_THREADS",
    }
)


def inherited() -> dict[str, str]:
    """Give the engine's own environment without what belongs to the engine alone."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in _SCRUBBED and not name.startswith(_SCRUBBED_PREFIXES)
    }
    env.update(_past_proxies(env))
    env["PYTHONUNBUFFERED"] = "1"
    env.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return env


def environment(command: Command, scratch: Path, python: Path) -> dict[str, str]:
    """Give the whole environment of a command's process.

    Args:
        command: The command; its own variables win.
        scratch: Folder for its temporary files.
        python: The interpreter that `python` means in it, in a shell line too.
    """
    env = inherited()
    env["PATH"] = os.pathsep.join([str(python.parent), env.get("PATH", os.defpath)])
    env.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)))
    if command.threads is not None:
        env.update(thread_variables(command.threads))
    if command.private:
        env.update(_for_pip(python))
    env.update(command.env)
    return env


def _for_pip(python: Path) -> dict[str, str]:
    """Have pip install beside an interpreter, and build with what is here."""
    found = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_RETRIES": "1",
        "PYTHONUSERBASE": str(python.parents[1] / "user"),
    }
    if find_spec("setuptools") is not None:
        found["PIP_NO_BUILD_ISOLATION"] = "0"  # pip reads the option's value, which is "isolate"
    return found


def _past_proxies(env: Mapping[str, str]) -> dict[str, str]:
    """Have programs ask the engine itself, and not a proxy that the environment names for HTTP."""
    if not any(env.get(name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")):
        return {}
    given = env.get("no_proxy") or env.get("NO_PROXY") or ""
    text = ",".join(filter(None, [given, "127.0.0.1", "localhost"]))
    return {"no_proxy": text, "NO_PROXY": text}


def read_at_import(env: Mapping[str, str]) -> dict[str, str]:
    """Pick the variables that must be there before a package is imported.

    A process that sets one of them needs a warm parent of its own that has it too.
    """
    return {
        name: value
        for name, value in env.items()
        if name.startswith(_READ_AT_IMPORT) and name not in _READ_LATER
    }
