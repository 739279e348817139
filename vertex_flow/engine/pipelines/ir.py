"""The messages that pipeline specs are made of."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def messages() -> Any:
    """Give KFP's module of messages.

    It is loaded with the first pipeline and not with the engine: KFP takes 0.6 s to import.
    """
    return import_module("kfp.pipeline_spec.pipeline_spec_pb2")
