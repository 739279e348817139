"""Which heavy packages a program imports, found by reading it and without running it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import attrs

from vertex_flow.engine.processes.command import Command

# Package → what a warm parent imports for it. Its own dependencies come along.
HEAVY: Mapping[str, tuple[str, ...]] = {
    "google.cloud.aiplatform": ("google.cloud.aiplatform",),
    "google.cloud.aiplatform_v1": ("google.cloud.aiplatform_v1",),
    "keras": ("tensorflow", "keras"),
    "numpy": ("numpy", "numpy.random"),
    "pandas": ("pandas",),
    "scipy": ("scipy",),
    "sklearn": ("sklearn", "sklearn.base"),
    "tensorflow": ("tensorflow", "keras"),
    "xgboost": ("xgboost",),
}
# Several names that need one parent: the smaller is in the larger.
_INCLUDES: Mapping[str, frozenset[str]] = {
    "keras": frozenset({"tensorflow", "numpy", "scipy"}),
    "tensorflow": frozenset({"keras", "numpy", "scipy"}),
    "pandas": frozenset({"numpy"}),
    "scipy": frozenset({"numpy"}),
    "sklearn": frozenset({"numpy", "scipy"}),
    "xgboost": frozenset({"numpy", "scipy"}),
    "google.cloud.aiplatform": frozenset({"google.cloud.aiplatform_v1"}),
}

_MAX_FILES = 100
_MAX_SOURCES = 256  # of components, which every task and run of theirs starts with again
_MAX_BYTES = 300_000
_EXECUTOR_ARGUMENT = "--component_module_path"


def complete(names: Iterable[str]) -> frozenset[str]:
    """Keep the heavy ones of some package names, and add what importing them imports."""
    found = frozenset(names) & HEAVY.keys()
    return found.union(*(_INCLUDES.get(name, frozenset()) for name in found))


def preloads(names: Iterable[str]) -> tuple[str, ...]:
    """Give the modules that a warm parent imports for some heavy packages, in a fixed order."""
    modules = (module for name in sorted(complete(names)) for module in HEAVY[name])
    return tuple(dict.fromkeys(modules))


@lru_cache(maxsize=_MAX_SOURCES)
def heavy_imports(source: str) -> frozenset[str]:
    """Find the heavy packages that one module imports, anywhere in it.

    Args:
        source: Python source; what cannot be parsed is read line by line.
    """
    return complete(_heavy(name) for name in _imported(source))


@lru_cache(maxsize=_MAX_SOURCES)
def optional_imports(source: str) -> frozenset[str]:
    """Find the heavy packages that one module may import: it names them to `import_module`.

    Args:
        source: Python source; in what cannot be parsed none are found.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    named = (node.args[0] for node in calls if _ends_with(node.func, "import_module"))
    names = (one.value for one in named if isinstance(one, ast.Constant))
    return complete(_heavy(name) for name in names if isinstance(name, str))


def _ends_with(function: ast.expr, name: str) -> bool:
    """Tell whether a function is called by its name, alone or behind its module's."""
    return getattr(function, "attr", getattr(function, "id", "")) == name


def imports_of(command: Command) -> frozenset[str]:
    """Find the heavy packages that a Python command imports, itself or through the user's modules.

    Args:
        command: The command. Of a KFP executor, the component's module is read.

    Returns:
        Names of `HEAVY`, at most those reachable within 100 files; empty for other commands.
    """
    walk = _Walk(tuple(dict.fromkeys(_roots(command))))
    if command.module and not command.module.startswith("kfp."):
        walk.add(command.module)
        walk.add(f"{command.module}.__main__")
    if command.script:
        walk.add_file(command.cwd / command.script, "__main__")
    words = command.argv
    if _EXECUTOR_ARGUMENT in words[:-1]:
        path = words[words.index(_EXECUTOR_ARGUMENT) + 1]
        walk.add_file(command.cwd / path, "__main__")
    return complete(walk.run())


def _roots(command: Command) -> Iterator[Path]:
    if command.script:
        yield (command.cwd / command.script).parent
    else:
        yield command.cwd
    for entry in filter(None, command.env.get("PYTHONPATH", "").split(":")):
        yield command.cwd / entry
    # Only for a program that is itself installed here: see `_Walk._file`.
    yield from (Path(entry) for entry in sys.path if entry and not entry.endswith(".zip"))


@attrs.define
class _Walk:
    """A walk from module to module through the user's own files."""

    roots: tuple[Path, ...]
    found: set[str] = attrs.Factory(set)
    _waiting: list[tuple[Path, str]] = attrs.Factory(list)
    _seen: set[Path] = attrs.Factory(set)

    def run(self) -> set[str]:
        while self._waiting and len(self._seen) <= _MAX_FILES:
            path, module = self._waiting.pop()
            for name in _names(path, module, _stamp(path)):
                heavy = _heavy(name)
                if heavy:
                    self.found.add(heavy)
                else:
                    self.add(name)
        return self.found

    def add(self, name: str) -> None:
        """Queue a module and the packages around it, if they are the user's."""
        if name.partition(".")[0] in sys.stdlib_module_names:
            return
        parts = name.split(".")
        for size in range(1, len(parts) + 1):
            self._add_module(parts[:size])

    def add_file(self, path: Path, module: str) -> bool:
        """Queue a file; False when it is none."""
        if not path.is_file():
            return False
        if path not in self._seen:
            self._seen.add(path)
            self._waiting.append((path, module))
        return True

    def _add_module(self, parts: list[str]) -> None:
        """Queue a module where Python finds it: in the first folder that has it."""
        name = ".".join(parts)
        for root in self.roots:
            place = root.joinpath(*parts)
            installed = "site-packages" in root.parts
            if installed and self._seen and not self._known(root / parts[0]):
                continue
            if self.add_file(place / "__init__.py", name):
                return
            if self.add_file(place.with_name(f"{place.name}.py"), name):
                return

    def _known(self, folder: Path) -> bool:
        """Whether the walk is in this installed package already: others are not the user's."""
        return any(folder in path.parents for path in self._seen)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes with a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=1000)
def _names(path: Path, module: str, stamp: tuple[int, int] | None) -> tuple[str, ...]:
    """Give what a module imports; trials run one program many times, which is read once.

    Args:
        path: Its file.
        module: Its name.
        stamp: The file's stamp: with another one it is read again.
    """
    return tuple(_imported(_read(path), module, package=path.name == "__init__.py"))


def _heavy(name: str) -> str:
    """Give the heavy package that a dotted name belongs to, or the empty text."""
    while name:
        if name in HEAVY:
            return name
        name = name.rpartition(".")[0]
    return ""


def _imported(source: str, module: str = "", *, package: bool = False) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        yield from re.findall(r"^\s*(?:import|from)\s+([\w.]+)", source, re.MULTILINE)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, module, package=package)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _origin(node: ast.ImportFrom, module: str, *, package: bool) -> str:
    """Name the module that a `from ... import` reads from, relative ones made absolute."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if package else node.level
    around = parts[: len(parts) - up]
    return ".".join([*around, *([node.module] if node.module else [])])
