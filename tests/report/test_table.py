"""Tables of text that fit a terminal of 80 columns."""

from __future__ import annotations

from vertex_flow.report.table import table


def test_columns_are_as_wide_as_their_cells() -> None:
    assert table(["stage", "hours"], [["train", 1.5], ["x", 10]], flexible=[0], right={1}) == (
        "stage  hours\ntrain    1.5\nx         10"
    )


def test_a_line_is_cut_in_one_column() -> None:
    lines = table(["a", "b"], [["x" * 100, "kept"]], flexible=[0]).splitlines()
    assert lines[1] == "x" * 73 + "…  kept"
    assert len(lines[1]) == 80


def test_control_characters_are_written_as_escapes() -> None:
    assert table(["a"], [["\x1b[2J"]], flexible=[0]) == "a\n\\x1b[2J"


def test_wide_characters_take_two_columns() -> None:
    assert (
        table(["a", "b"], [["世界", "x"], ["y", "z"]], flexible=[0]) == "a     b\n世界  x\ny     z"
    )


def test_a_table_without_rows() -> None:
    assert table(["a", "b"], [], flexible=[0]) == "a  b"


def test_further_columns_are_cut_where_one_is_not_enough() -> None:
    lines = table(["a", "b"], [["x" * 9, "y" * 99]], flexible=[0, 1]).splitlines()
    assert lines[1] == "xxxxxxx…  " + "y" * 69 + "…"
