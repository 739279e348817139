from __future__ import annotations

import pytest

from vertex_flow.engine.storage.selection import Selection
from vertex_flow.errors import ApiError

ANSWER = {"a": 1, "b": {"c": 2, "d": 3}, "items": [{"e": 4, "f": 5}, {"e": 6}]}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("", ANSWER),
        ("*", ANSWER),
        ("a", {"a": 1}),
        ("a,none", {"a": 1}),
        ("b/c", {"b": {"c": 2}}),
        ("b(c,d)", {"b": {"c": 2, "d": 3}}),
        ("items(e), a", {"items": [{"e": 4}, {"e": 6}], "a": 1}),
    ],
)
def test_selections(fields, found):
    assert Selection(fields).of(ANSWER) == found


@pytest.mark.parametrize("fields", ["a,", "a(", "a)", "(a)", "a//b", "a b?", "a(" * 1000])
def test_what_is_no_selection(fields):
    with pytest.raises(ApiError, match="Invalid field selection"):
        Selection(fields)


@pytest.mark.parametrize(
    ("fields", "wants"),
    [("", True), ("items", True), ("items(name)", False), ("items/crc32c", True), ("name", False)],
)
def test_whether_a_field_is_wanted(fields, wants):
    assert Selection(fields).wants("crc32c") is wants
