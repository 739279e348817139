from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CustomJob
from google.longrunning.operations_pb2 import Operation

from vertex_flow.engine.api import messages

EITHER = pytest.mark.parametrize("message", [CustomJob(name="a"), Operation(name="a")])


@EITHER
def test_what_is_encoded_is_decoded(message: Any) -> None:
    assert messages.decode(type(message), messages.encode(message)) == message


@EITHER
def test_what_is_decoded_has_its_class(message: Any) -> None:
    assert type(messages.decode(type(message), b"")) is type(message)


def test_a_change_to_the_plain_message_shows() -> None:
    job = CustomJob()
    messages.raw(job).display_name = "x"

    assert job.display_name == "x"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (CustomJob, "google.cloud.aiplatform.v1.CustomJob"),
        (Operation, "google.longrunning.Operation"),
    ],
)
def test_a_class_has_its_full_name(kind: type[Any], name: str) -> None:
    assert messages.full_name(kind) == name


def test_a_class_has_its_short_name() -> None:
    assert messages.short_name(CustomJob) == "CustomJob"


def test_json_has_the_names_of_the_rest_api() -> None:
    assert messages.to_json(CustomJob(display_name="x", state=3)) == {
        "displayName": "x",
        "state": "JOB_STATE_RUNNING",
    }


def test_json_may_have_numbers_for_enums() -> None:
    assert messages.to_json(CustomJob(state=3), integer_enums=True) == {"state": 3}
