"""What all charts have in common."""

from __future__ import annotations

from vertex_flow.report.charts.base import chart, label_of, text, values


def test_a_text_is_visible_and_not_too_long() -> None:
    assert (text("a\x1b\n"), len(text("x" * 999))) == ("a\\x1b\\n", 200)


def test_texts_of_rows_are_made_safe() -> None:
    assert values([{"a": "\u202e", "b": 1}]) == {"values": [{"a": "\\u202e", "b": 1}]}


def test_labels_are_looked_up_and_no_part_of_an_expression() -> None:
    spec = chart({}, labels={"rows": ["datum.x"]})
    assert spec["params"] == [{"name": "rows", "value": ["datum.x"]}]
    assert label_of("rows") == "rows[datum.value]"
