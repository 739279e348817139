"""Which role gives a permission."""

from __future__ import annotations

import pytest

from vertex_flow.calls.roles import role_for


@pytest.mark.parametrize(
    ("permission", "role"),
    [
        ("aiplatform.pipelineJobs.create", "roles/aiplatform.user"),
        ("iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"),
        ("iam.serviceAccounts.create", "roles/iam.serviceAccountAdmin"),
        ("storage.objects.get", "roles/storage.objectViewer"),
        ("storage.objects.create", "roles/storage.objectAdmin"),
        ("storage.buckets.create", "roles/storage.admin"),
        ("spanner.databases.read", None),
    ],
)
def test_the_least_role_of_a_permission(permission: str, role: str | None) -> None:
    assert role_for(permission) == role
