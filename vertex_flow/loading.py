"""Flows in files: found by an address, and loaded as `python file.py` has them."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import attrs

from vertex_flow.errors import SettingError, VertexFlowError, nearest
from vertex_flow.settings import path_of
from vertex_flow.toml import below, load, nearest_pyproject

T = TypeVar("T")

_OURS = str(Path(__file__).parent) + os.sep
_SCRIPT = re.compile(r"^if\s+__name__\s*==", re.MULTILINE)
_FORMS = "Give one, as flow.py:flow"


@attrs.frozen
class Address:
    """Where a flow is.

    Attributes:
        file: The Python file.
        name: What it is called there; empty for the only flow in it.
    """

    file: Path
    name: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.name}" if self.name else str(self.file)


def read(kind: type[T], text: str | Path | None = None) -> T:
    """Load a flow from its file.

    Args:
        kind: The class, `Flow`.
        text: `path/file.py:name`, `path/file.py`, or a name in `pyproject.toml`; None for what
            that file names.

    Raises:
        SettingError: There is no such file or flow, or the file cannot be loaded.
        WiringError: The flow's stages do not fit together.
    """
    address = resolve(text)
    _check_file(address.file)
    module = _loaded(address.file)
    if address.name:
        return _named(kind, address, module)
    return _only(kind, address, module)


def resolve(text: str | Path | None = None) -> Address:
    """Find where a flow is; loads nothing.

    Args:
        text: As in `read`.

    Raises:
        SettingError: It is no address, or `pyproject.toml` names no flow.
    """
    if text is None:
        return _configured()
    given = str(path_of("Flow.load(", text, "a Python file, with the name of a flow in it"))
    if os.path.isfile(given):
        return Address(_shown(Path(given)))
    file, colon, name = given.rpartition(":")
    if colon and file and (name.isidentifier() or os.path.isfile(os.path.expanduser(file))):
        return Address(_shown(Path(file).expanduser()), name)
    if os.sep in given or given.endswith(".py"):
        return Address(_shown(Path(given).expanduser()))
    return _by_name(given)


def names() -> tuple[str, ...]:
    """The names under which the nearest `pyproject.toml` has flows; none where it is broken."""
    try:
        return tuple(_Project.nearest().flows)
    except SettingError:
        return ()


@attrs.frozen
class _Project:
    """What a `pyproject.toml` says of flows.

    Attributes:
        file: The file; None where there is none.
        flow: Address of the flow that is meant where none is given, or the empty text.
        flows: Addresses by name.
    """

    file: Path | None
    flow: str
    flows: Mapping[str, str]

    @classmethod
    def nearest(cls) -> _Project:
        file = nearest_pyproject()
        if file is None:
            return cls(None, "", {})
        found = below(load(file), "tool", "vertex_flow")
        settings = found if isinstance(found, Mapping) else {}
        flow, flows = settings.get("flow", ""), settings.get("flows", {})
        if not isinstance(flow, str):
            raise SettingError(f"{file}: flow = {flow!r}: expected a text, as 'flow.py:flow'.")
        texts = isinstance(flows, Mapping) and all(isinstance(one, str) for one in flows.values())
        if not texts:
            raise SettingError(
                f"{file}: flows = {flows!r}: expected a table of texts, as "
                "{ mnist = 'flow.py:flow' }."
            )
        return cls(file, flow, flows)

    def address(self, text: str) -> Address:
        """Where a flow is that the file names: paths are relative to it."""
        text = self.flows.get(text, text)
        assert self.file is not None  # noqa: S101 - what it says was read
        file, colon, name = text.rpartition(":")
        if not (colon and name.isidentifier()):
            file, name = text, ""
        return Address(_shown(self.file.parent / Path(file).expanduser()), name)


def _configured() -> Address:
    project = _Project.nearest()
    if project.flow:
        return project.address(project.flow)
    if len(project.flows) == 1:
        return project.address(next(iter(project.flows)))
    if project.flows:
        raise SettingError(
            f"no flow is given, and {project.file} names several: {', '.join(project.flows)}. "
            'Give one, or write which is meant: [tool.vertex_flow] flow = "NAME".'
        )
    if project.file is None:
        where = f"there is no pyproject.toml in {Path.cwd()} or above it"
    else:
        where = f"{project.file} names none"
    raise SettingError(
        f"no flow is given, and {where}. {_FORMS}, or write it there: "
        '[tool.vertex_flow] flow = "flow.py:flow".'
    )


def _by_name(name: str) -> Address:
    project = _Project.nearest()
    if name in project.flows:
        return project.address(name)
    if os.path.isdir(name):
        return Address(Path(name))  # it is said that it is a folder
    known = f"{project.file} has {', '.join(project.flows) or 'none'}"
    where = f", nor a flow of that name in pyproject.toml; {known}" if project.flows else ""
    files = [path.name for path in Path.cwd().glob("*.py")]
    hint = nearest(name, [*project.flows, *files])
    raise SettingError(f"there is no file {name!r}{where}.{hint} {_FORMS}.")


def _shown(file: Path) -> Path:
    """Give a path as people have it: from the working directory, where it is below that."""
    full = Path(os.path.abspath(file))
    return full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full


def _check_file(file: Path) -> None:
    if os.path.isdir(file):
        raise SettingError(f"{file} is a folder. Give the file in it: {file / 'flow.py'}:flow.")
    if not os.path.isfile(file):
        beside = file.parent.glob("*.py") if os.path.isdir(file.parent) else []
        hint = nearest(file.name, sorted(one.name for one in beside))
        raise SettingError(f"there is no file {str(file)!r}.{hint}")
    if file.suffix != ".py":
        raise SettingError(f"{str(file)!r} is no Python file: expected a name that ends in .py.")


def _loaded(file: Path) -> ModuleType:
    """Run the code of a file, as a module of its name; its folder is on Python's path from then."""
    full = file.resolve()
    if str(full.parent) not in sys.path:
        sys.path.insert(0, str(full.parent))
    name = _module_name(full)
    spec = importlib.util.spec_from_file_location(name, full)
    assert spec is not None  # noqa: S101 - it has Python's suffix
    module, before = importlib.util.module_from_spec(spec), sys.modules.get(name)
    sys.modules[name] = module

    def run() -> None:
        # Not by the loader: it takes cached bytecode for what was written in the same second.
        code = compile(full.read_bytes(), str(full), "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - the user's own file

    try:
        _guarded(run, file)
    except BaseException:
        _put_back(name, before)
        raise
    return module


def _put_back(name: str, before: ModuleType | None) -> None:
    if before is None:
        del sys.modules[name]
    else:
        sys.modules[name] = before


def _module_name(file: Path) -> str:
    """Name a file's module as an import of it does, where nothing else has that name."""
    stem = file.stem
    other = getattr(sys.modules.get(stem), "__file__", None)
    taken = stem in sys.modules and other != str(file)
    if stem.isidentifier() and not taken and stem not in sys.stdlib_module_names:
        return stem
    return "_flow_" + re.sub(r"\W", "_", stem)


def _guarded(call: Callable[[], T], file: Path) -> T:
    """Run the user's code; what it raises is said with its own lines, and none of ours."""
    try:
        return call()
    except VertexFlowError:
        raise
    except SystemExit as error:
        raise SettingError(
            f"{file} ended the program, with {error.code!r}: it is a script. Put what it runs "
            "below `if __name__ == '__main__':`, and the flow above."
        ) from error
    except Exception as error:  # the file is the user's code
        shown = traceback.TracebackException.from_exception(error)
        _keep_own(shown, str(file.resolve()))
        text = "".join(shown.format() if shown.stack else shown.format_exception_only())
        raise SettingError(f"{file} cannot be loaded:\n{text.rstrip()}") from error


def _keep_own(shown: traceback.TracebackException, file: str) -> None:
    """Leave out the lines before the user's file, those of importing, and this package's."""
    frames = list(shown.stack)
    first = next((at for at, one in enumerate(frames) if one.filename == file), len(frames))
    kept = [
        one for one in frames[first:] if not one.filename.startswith(("<frozen importlib", _OURS))
    ]
    shown.stack = traceback.StackSummary.from_list(kept)
    for cause in (shown.__cause__, shown.__context__):
        if cause is not None:
            _keep_own(cause, file)


def _named(kind: type[T], address: Address, module: ModuleType) -> T:
    held = vars(module)
    if address.name not in held:
        known = list(_candidates(kind, module))
        raise SettingError(
            f"{address.file} has no flow {address.name!r}; it has {', '.join(known) or 'none'}."
            + nearest(address.name, known)
        )
    return _made(kind, address, held[address.name])


def _only(kind: type[T], address: Address, module: ModuleType) -> T:
    found = _candidates(kind, module)
    values = {id(one): one for one in found.values()}
    if len(values) == 1:
        return _made(kind, attrs.evolve(address, name=next(iter(found))), *values.values())
    if found:
        raise SettingError(
            f"{address.file} holds several flows: {', '.join(found)}. Name one: "
            f"{address.file}:{next(iter(found))}."
        )
    script = (
        " What stands below `if __name__ == '__main__':` is not run here."
        if _SCRIPT.search(address.file.read_text(encoding="utf-8", errors="replace"))
        else ""
    )
    raise SettingError(
        f"{address.file} holds no flow: expected `flow = Flow(...)` at the left margin, or "
        f"`def flow() -> Flow:`.{script}"
    )


def _candidates(kind: type[Any], module: ModuleType) -> dict[str, Any]:
    """The flows of a module by name; where it has none, its functions that say to give one."""
    held = {name: one for name, one in vars(module).items() if not name.startswith("__")}
    flows = {name: one for name, one in held.items() if isinstance(one, kind)}
    return flows or {
        name: one
        for name, one in held.items()
        if isinstance(one, FunctionType)
        and one.__module__ == module.__name__
        and _gives(one, kind)
        and not _arguments(one)
    }


def _gives(function: FunctionType, kind: type[Any]) -> bool:
    said = function.__annotations__.get("return")
    return said is kind or (
        isinstance(said, str) and said.strip("'\"").rpartition(".")[2] == kind.__name__
    )


def _arguments(function: Callable[..., Any]) -> list[str]:
    """The arguments that a call must give."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind not in optional]


def _made(kind: type[T], address: Address, found: Any) -> T:
    """Give the flow that a name stands for, or that its function makes."""
    made = found
    if not isinstance(found, kind) and callable(found):
        needed = _arguments(found)
        if needed:
            raise SettingError(
                f"{address} takes arguments ({', '.join(needed)}): expected a Flow, or a function "
                "without arguments that gives one."
            )
        made = _guarded(found, address.file)
    if not isinstance(made, kind):
        gives = "is" if made is found else "gives"
        raise SettingError(
            f"{address} {gives} {made!r}: expected a Flow, or a function without arguments that "
            "gives one."
        )
    return made
