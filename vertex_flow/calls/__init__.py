"""How Google's APIs are called: what is tried again, and what refusals mean."""

from vertex_flow.calls.operations import finished
from vertex_flow.calls.patience import ONCE, PATIENT, TRANSIENT, Patience, call

__all__ = ["ONCE", "PATIENT", "TRANSIENT", "Patience", "call", "finished"]
