"""The tables in the pages are those that the code gives."""

from __future__ import annotations

import pytest

from docs import components_table, engine_table, marked, published_table, storage_table


def test_the_table_of_the_engine_is_up_to_date() -> None:
    assert engine_table.PAGE.read_text(encoding="utf-8") == engine_table.page(), "run `make docs`"


def test_the_tables_of_the_components_are_up_to_date() -> None:
    found = components_table.PAGE.read_text(encoding="utf-8")
    assert found == components_table.page(), "run `make docs`"


def test_the_table_of_the_storage_is_up_to_date() -> None:
    assert storage_table.PAGE.read_text(encoding="utf-8") == storage_table.page(), "run `make docs`"


def test_the_table_of_published_pipelines_is_up_to_date() -> None:
    found = published_table.PAGE.read_text(encoding="utf-8")
    assert found == published_table.page(), "run `make docs`"


def test_a_part_of_a_page_is_replaced_between_its_markers() -> None:
    page = "before\n<!-- x -->\n\nold\n\n<!-- /x -->\nafter\n"
    expected = "before\n<!-- x -->\n\nnew\n\n<!-- /x -->\nafter\n"
    assert marked.rewritten(page, "x", "new\n") == expected


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs <!-- x --> and <!-- /x -->, once each"):
        marked.rewritten("before\n", "x", "new")


def test_a_vertical_bar_does_not_end_a_cell() -> None:
    assert marked.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"
