"""What all commands share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vertex_flow.cli.command import json_of


def refuse(word: str) -> Any:
    raise ValueError(word)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_finite_number_is_null_in_json(value: float) -> None:
    text = json_of({"metrics": {"loss": value, "values": [1.5, (value,)]}})
    found = json.loads(text, parse_constant=refuse)
    assert found == {"metrics": {"loss": None, "values": [1.5, [None]]}}
