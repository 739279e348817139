"""The tables in the pages are those that the code gives."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import vertex_flow
from docs import (
    commands_table,
    components_table,
    engine_table,
    marked,
    pictures,
    published_table,
    reference_table,
    storage_table,
)
from vertex_flow import stages, testing


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


def test_the_commands_are_up_to_date() -> None:
    assert commands_table.PAGE.read_text(encoding="utf-8") == commands_table.page(), (
        "run `make docs`"
    )


@pytest.mark.parametrize("title", reference_table.PAGES)
def test_a_page_of_the_reference_is_up_to_date(title: str) -> None:
    found = reference_table.path(title).read_text(encoding="utf-8")
    assert found == reference_table.page(title), "run `make docs`"


def test_every_public_name_is_in_the_reference() -> None:
    listed = {name.rpartition(".")[2] for names in reference_table.PAGES.values() for name in names}
    public = {*vertex_flow.__all__, *stages.__all__, *testing.__all__}
    assert public - listed == {"Outputs", "Value", "__version__"}  # two are annotations


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_up_to_date(name: str) -> None:
    file = pictures.FOLDER / f"{name}.svg"
    assert file.read_text(encoding="utf-8") == pictures.PICTURES[name](), "run `make docs`"


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_has_a_title(name: str) -> None:
    picture = ElementTree.fromstring(pictures.PICTURES[name]())
    assert picture.findtext("{http://www.w3.org/2000/svg}title")


def test_a_part_of_a_page_is_replaced_between_its_markers() -> None:
    page = "before\n<!-- x -->\n\nold\n\n<!-- /x -->\nafter\n"
    expected = "before\n<!-- x -->\n\nnew\n\n<!-- /x -->\nafter\n"
    assert marked.rewritten(page, "x", "new\n") == expected


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs <!-- x --> and <!-- /x -->, once each"):
        marked.rewritten("before\n", "x", "new")


def test_a_vertical_bar_does_not_end_a_cell() -> None:
    assert marked.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"
