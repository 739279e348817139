from __future__ import annotations

from google.cloud.aiplatform_v1.types import GetCustomJobRequest

from vertex_flow.engine import honesty
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED


def test_every_level_is_a_level() -> None:
    assert {row.level for row in honesty.table()} <= {HONOURED, SIMULATED, REFUSED}


def test_every_path_is_a_field() -> None:
    from google.cloud.aiplatform_v1 import types

    wrong = []
    for row in honesty.table():
        descriptor = getattr(types, row.message).pb().DESCRIPTOR
        for step in filter(None, row.field.split(".")):
            field = descriptor.fields_by_name.get(step) if descriptor else None
            if field is None:
                wrong.append(f"{row.message}.{row.field}")
                break
            descriptor = field.message_type

    assert wrong == []


def test_every_note_is_about_a_field_or_a_method() -> None:
    import sys

    modules = [module for name, module in sys.modules.items() if name.startswith("vertex_flow.")]
    notes = {path for module in modules for path in getattr(module, "NOTES", {})}

    assert {path for path in notes if path not in honesty.fields() and "." not in path} == set()


def test_the_table_has_the_methods_first() -> None:
    from vertex_flow.engine.api.rpc import Rpc

    rpc = Rpc(
        id="projects.locations.customJobs.get",
        verb="GET",
        path="/v1/{name=projects/*/locations/*/customJobs/*}",
        request=GetCustomJobRequest,
    )

    assert honesty.table([rpc])[0] == honesty.Row(rpc.id, "", HONOURED, "")
