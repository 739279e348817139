"""Read masks; what updates change is in the tests of the collections."""

from __future__ import annotations

import pytest
from google.cloud.aiplatform_v1 import types
from google.protobuf.field_mask_pb2 import FieldMask

from vertex_flow.engine.api.masks import masked
from vertex_flow.errors import ApiError


def _job() -> types.PipelineJob:
    return types.PipelineJob(
        name="job",
        labels={"team": "a"},
        pipeline_spec={"pipelineInfo": {"name": "p"}, "root": {}},
        runtime_config={"gcs_output_directory": "gs://b", "parameter_values": {"x": 1}},
    )


def _part(*paths: str) -> types.PipelineJob:
    part: types.PipelineJob = masked(_job(), FieldMask(paths=paths))
    return part


def test_an_empty_mask_asks_for_everything() -> None:
    assert _part() == _job()


def test_a_mask_names_fields() -> None:
    assert _part("name", "labels") == types.PipelineJob(name="job", labels={"team": "a"})


def test_a_mask_goes_into_messages() -> None:
    part = _part("runtime_config.gcs_output_directory")

    assert part == types.PipelineJob(runtime_config={"gcs_output_directory": "gs://b"})


def test_a_mask_goes_into_structs_whose_names_are_in_camel_case() -> None:
    part = _part("pipeline_spec.pipeline_info")

    assert part == types.PipelineJob(pipeline_spec={"pipelineInfo": {"name": "p"}})


def test_what_is_not_set_stays_so() -> None:
    assert _part("job_detail.pipeline_context", "error") == types.PipelineJob()


@pytest.mark.parametrize("path", ["displayname", "runtime_config.nothing"])
def test_a_field_that_there_is_not_is_refused(path: str) -> None:
    with pytest.raises(ApiError) as error:
        _part(path)

    assert f"has no field '{path}'" in str(error.value)
