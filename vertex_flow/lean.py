"""Vertex AI's message types without its clients."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_PACKAGE = "google.cloud.aiplatform_v1"


def import_types_only() -> None:
    """Have `google.cloud.aiplatform_v1` load its clients on first use, and not with its types.

    Importing any of its submodules runs the package, which imports some thirty clients with gRPC
    and takes half a second. The programs of this package need its messages, and at most a few of
    the clients. For programs only: a library must not change how others are imported.
    """
    spec = None if _PACKAGE in sys.modules else find_spec(_PACKAGE)
    if spec is None:
        return
    module = module_from_spec(spec)
    module.__class__ = _Unloaded
    sys.modules[_PACKAGE] = module
    setattr(sys.modules["google.cloud"], "aiplatform_v1", module)  # noqa: B010 - a namespace


class _Unloaded(ModuleType):
    """A package that is there for its submodules, and runs when anything else is wanted."""

    def __getattr__(self, name: str) -> Any:
        special = name.startswith("__") and name != "__all__"  # `import *` asks for that one
        if special or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if find_spec(f"{self.__name__}.{name}") is not None:
            return import_module(f"{self.__name__}.{name}")
        types = import_module(f"{self.__name__}.types")
        if name in types.__all__:  # the package gives the messages by their names, too
            return getattr(types, name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)
