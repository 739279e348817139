"""What a run runs in."""

from __future__ import annotations

import platform

from tests.jobs import job, message
from vertex_flow.report.environment import cloud_environment, images_of, local_environment
from vertex_flow.report.snapshot import Snapshot


def test_this_machine_has_python_and_packages() -> None:
    found = local_environment()
    assert found["Python"] == f"CPython {platform.python_version()}"
    assert "kfp" in found


def test_a_project_has_an_identity() -> None:
    found = cloud_environment(Snapshot(message(job("RUNNING"))))
    assert found["service account"] == "Compute Engine's default account"


def test_each_image_is_named_once() -> None:
    assert images_of(Snapshot(message(job("RUNNING")))) == ["python:3.11"]
