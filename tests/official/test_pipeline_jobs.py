"""`aiplatform.PipelineJob` against the engine."""

from __future__ import annotations

from google.cloud import aiplatform

from tests.official.conftest import Official


def test_there_are_none_at_first(sdk: Official) -> None:
    assert aiplatform.PipelineJob.list() == []
