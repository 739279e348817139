from __future__ import annotations

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    CreateCustomJobRequest,
    CustomJob,
    GetCustomJobRequest,
    UploadModelRequest,
)

from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level, check
from vertex_flow.errors import ApiError

FIELDS: dict[str, Level] = {
    "CustomJob.display_name": HONOURED,
    "CustomJob.labels": HONOURED,
    "CustomJob.job_spec.worker_pool_specs": HONOURED,
    "CustomJob.job_spec.worker_pool_specs.disk_spec": SIMULATED,
    "CustomJob.job_spec.worker_pool_specs.nfs_mounts": REFUSED,
    "CustomJob.job_spec.worker_pool_specs.nfs_mounts.path": SIMULATED,
    "CustomJob.job_spec.scheduling.timeout": HONOURED,
    "UploadModelRequest.model_id": HONOURED,
    "UploadModelRequest.parent": HONOURED,
}


def refusal(message: Any) -> str:
    with pytest.raises(ApiError) as caught:
        check(message, FIELDS)
    assert caught.value.code == 400
    return caught.value.message


def text(path: str) -> str:
    return (
        f"The local engine does not support '{path}': it would have no effect here. Leave it out, "
        "or send the request to Vertex AI."
    )


@pytest.mark.parametrize(
    "message",
    [
        CustomJob(),
        CustomJob(display_name="x", labels={"a": "b"}),
        CustomJob(job_spec={"worker_pool_specs": [{"replica_count": 2}]}),
        CustomJob(job_spec={"worker_pool_specs": [{"disk_spec": {"boot_disk_type": "pd-ssd"}}]}),
        CustomJob(job_spec={"scheduling": {"timeout": "3s"}}),
        CustomJob(job_spec={"scheduling": {}}),
        CustomJob(job_spec={"worker_pool_specs": [{"nfs_mounts": [{"path": "/x"}]}]}),
        CreateCustomJobRequest(parent="p", custom_job={"display_name": "x"}),
        GetCustomJobRequest(name="x"),
        UploadModelRequest(parent="p", model_id="m"),
    ],
)
def test_what_is_listed_passes(message: Any) -> None:
    check(message, FIELDS)


def test_what_the_server_sets_is_no_matter() -> None:
    check(CustomJob(name="x", state=3, create_time="2026-01-01T00:00:00Z"), FIELDS)


def test_a_field_that_is_not_listed_is_refused() -> None:
    assert refusal(CustomJob(job_spec={"network": "x"})) == text("job_spec.network")


def test_the_field_is_named_from_the_request() -> None:
    request = CreateCustomJobRequest(custom_job={"job_spec": {"service_account": "x"}})

    assert refusal(request) == text("custom_job.job_spec.service_account")


def test_the_place_in_a_list_is_named() -> None:
    job = CustomJob(job_spec={"worker_pool_specs": [{}, {"nfs_mounts": [{"server": "x"}]}]})

    assert refusal(job) == text("job_spec.worker_pool_specs[1].nfs_mounts[0].server")


def test_a_field_beside_a_listed_one_is_refused() -> None:
    job = CustomJob(job_spec={"scheduling": {"timeout": "3s", "strategy": "SPOT"}})

    assert refusal(job) == text("job_spec.scheduling.strategy")


def test_a_listed_request_is_judged_whole() -> None:
    assert refusal(UploadModelRequest(parent_model="x")) == text("parent_model")
