"""What a process does between the fork and the first line of its program.

The aim is that a program cannot tell that its process was forked: its environment, module search
path, arguments, signals, random state and `__main__` are those of a freshly started interpreter,
and the interpreter ends as it always does. Only the heavy packages are in memory already.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import random
import signal
import sys
import tempfile
import time
import types
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, TracebackType

from vertex_flow.engine.processes.threads import limit_threads
from vertex_flow.engine.processes.wire import Message

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CANNOT_EXECUTE = 126
NOT_FOUND = 127


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when its parent ends (Linux only).

    Args:
        number: The signal, or 0 to take an earlier request back.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent has ended (Linux only).

    As the first process of a container is. They can then be found and ended, whatever session or
    process group they have made for themselves.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def settle(request: Message, parent: int) -> None:
    """Give a forked process a session, signals, folder and output of its own.

    Args:
        request: The start request.
        parent: Process id of the parent that forked it.
    """
    os.setsid()
    adopt_orphans()
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    _reset_signals()
    output = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(request["cwd"])


def execute(request: Message) -> None:
    """Become another program. Does not return."""
    argv = request["argv"]
    try:
        os.execvpe(argv[0], argv, request["env"])  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_EXECUTE)


def run(request: Message, base: list[str]) -> None:
    """Run a Python module or file as `__main__` in this process.

    Args:
        request: The start request, with `module` or `script`, and `arguments`.
        base: The module search path of a fresh interpreter, without its first entry and PYTHONPATH.
    """
    _adopt_environment(request["env"])
    _forget(request["env"])
    _reseed()
    if request.get("threads"):
        limit_threads(request["threads"])
    sys.excepthook = _report
    sys.stdout.reconfigure(encoding="utf-8", write_through=True)  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8", write_through=True)  # type: ignore[union-attr]
    first = request["cwd"]
    if not request.get("module"):
        first = str(Path(request["script"]).resolve().parent)
    sys.path[:] = [first, *_python_path(request["env"]), *base]
    importlib.invalidate_caches()
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    code = _module(main, request) if request.get("module") else _script(main, request)
    gc.enable()
    exec(code, main.__dict__)  # noqa: S102 - running the user's program is the purpose


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _adopt_environment(env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    tempfile.tempdir = None
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))


def _forget(env: dict[str, str]) -> None:
    """Drop the modules that a fresh interpreter would not have, or not in this form."""
    unwanted = ["vertex_flow"]
    # kfp was imported in its slim run-time form; only an executor asks for that.
    if env.get("_KFP_RUNTIME", "").lower() != "true":
        unwanted.append("kfp")
    for name in list(sys.modules):
        if name.partition(".")[0] in unwanted:
            del sys.modules[name]


def _reseed() -> None:
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _python_path(env: dict[str, str]) -> list[str]:
    text = env.get("PYTHONPATH", "")
    return [os.path.abspath(entry) for entry in text.split(os.pathsep)] if text else []


def _module(main: types.ModuleType, request: Message) -> CodeType:
    spec = _find(request["module"])
    assert spec.loader is not None  # noqa: S101 - a module that was found has a loader
    code = spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
    if code is None:
        raise SystemExit(f"{sys.executable}: No code object available for {spec.name}")
    main.__file__ = spec.origin
    main.__spec__ = spec
    main.__loader__ = spec.loader
    main.__package__ = spec.parent
    main.__dict__["__cached__"] = spec.cached
    sys.argv = [spec.origin or request["module"], *request["arguments"]]
    sys.orig_argv = list(request["argv"])
    return code  # type: ignore[no-any-return]


def _find(name: str) -> ModuleSpec:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError as error:
        # Another module that is missing inside the package is reported with its traceback.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise SystemExit(
            f"{sys.executable}: Error while finding module specification for {name!r} "
            f"(ModuleNotFoundError: {error})"
        ) from None
    if spec is None:
        raise SystemExit(f"{sys.executable}: No module named {name}")
    if spec.submodule_search_locations is None:
        return spec
    if name.endswith("__main__") or find_spec(f"{name}.__main__") is None:
        raise SystemExit(
            f"{sys.executable}: No module named {name}.__main__; "
            f"{name!r} is a package and cannot be directly executed"
        )
    return _find(f"{name}.__main__")


def _script(main: types.ModuleType, request: Message) -> CodeType:
    path = request["script"]
    sys.argv = [path, *request["arguments"]]
    sys.orig_argv = list(request["argv"])
    main.__file__ = path
    main.__dict__["__cached__"] = None
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        full = os.path.abspath(path)
        print(  # noqa: T201 - the words of the interpreter, where it writes them
            f"{sys.executable}: can't open file {full!r}: [Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    return compile(text, path, "exec", dont_inherit=True)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback without the frames of the parent, which is where the program began."""
    own = {__file__, str(Path(__file__).with_name("zygote.py")), "<string>"}
    while trace is not None and trace.tb_frame.f_code.co_filename in own:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)
