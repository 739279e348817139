"""How Google's APIs are called: what is tried again, and what refusals mean."""

from vertex_flow.calls.absence import if_there
from vertex_flow.calls.operations import finished
from vertex_flow.calls.patience import ONCE, PATIENT, TRANSIENT, Patience, call
from vertex_flow.calls.refusals import object_of
from vertex_flow.calls.waiting import NextPage

__all__ = [
    "ONCE",
    "PATIENT",
    "TRANSIENT",
    "NextPage",
    "Patience",
    "call",
    "finished",
    "if_there",
    "object_of",
]
