"""How many threads numerical libraries use: a share of the cores for each process."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

_SETTERS = (
    "openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
    "omp_set_num_threads",
    "MKL_Set_Num_Threads",
)
_MARKS = ("openblas", "libgomp", "libomp", "libmkl_rt")


def thread_variables(threads: int) -> dict[str, str]:
    """Name the share of the cores as numerical libraries read it when they are loaded."""
    return {name: str(threads) for name in VARIABLES}


def limit_threads(threads: int) -> None:
    """Limit the libraries that this process has loaded already: they read no variable again.

    Args:
        threads: Threads for each library, at least 1.
    """
    for path in _loaded():
        with suppress(OSError):
            library = ctypes.CDLL(path)
            for name in _SETTERS:
                with suppress(AttributeError):
                    getattr(library, name)(threads)


def _loaded() -> list[str]:
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    paths = {line.split(maxsplit=5)[5] for line in lines if line.count("/")}
    return [path for path in sorted(paths) if any(mark in Path(path).name for mark in _MARKS)]
