from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

from vertex_flow.engine.tuning.budget import Progress, Scored, exhausted
from vertex_flow.engine.tuning.measurements import Goal

NOW = datetime.now(timezone.utc)
HOUR = timedelta(hours=1)
PAST, FUTURE = (NOW - HOUR).isoformat(), (NOW + 24 * HOUR).isoformat()


def over(*values: float, maximise: bool = True, **config: Any) -> bool:
    """Judge a study that is 2 hours old, whose trials ended long ago, a minute apart."""
    message = types.StudySpec.StudyStoppingConfig()
    json_format.ParseDict(config, types.StudySpec.StudyStoppingConfig.pb(message))
    scored = [
        Scored(value, NOW - 2 * HOUR + timedelta(minutes=minute))
        for minute, value in enumerate(values, 1)
    ]
    progress = Progress(created=NOW - 2 * HOUR, trials=len(values), scored=scored)
    return exhausted(message, progress, Goal("score", maximise=maximise))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, False),
        ({"maxNumTrials": 3}, True),
        ({"maxNumTrials": 4}, False),
        ({"maxNumTrialsNoProgress": 1}, True),
        ({"maxNumTrialsNoProgress": 2}, False),
        ({"maxDurationNoProgress": "60s"}, True),
        ({"maxDurationNoProgress": "86400s"}, False),
        ({"maximumRuntimeConstraint": {"maxDuration": "3600s"}}, True),
        ({"maximumRuntimeConstraint": {"maxDuration": "86400s"}}, False),
        ({"maximumRuntimeConstraint": {"endTime": PAST}}, True),
        ({"maximumRuntimeConstraint": {"endTime": FUTURE}}, False),
        ({"maxNumTrials": 3, "minNumTrials": 4}, False),
        ({"maxNumTrials": 3, "minimumRuntimeConstraint": {"maxDuration": "86400s"}}, False),
        ({"maxNumTrials": 3, "minimumRuntimeConstraint": {"maxDuration": "60s"}}, True),
    ],
)
def test_first_condition_that_applies_decides(config, expected):
    assert over(0.1, 0.5, 0.3, **config) is expected


def test_progress_is_towards_the_goal():
    assert over(0.5, 0.3, 0.1, maxNumTrialsNoProgress=1) is True
    assert over(0.5, 0.3, 0.1, maxNumTrialsNoProgress=1, maximise=False) is False


def test_a_study_without_results_is_not_stuck():
    assert over(maxNumTrialsNoProgress=0) is False
