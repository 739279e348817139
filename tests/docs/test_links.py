"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.reading import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DOCS = ROOT / "docs"
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _pages() -> set[str]:
    """Every page but the index, as it is written from there."""
    return {str(page.relative_to(DOCS)) for page in DOCS.glob("**/*.md")} - {"README.md"}


def _text(page: Path) -> str:
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def _links(page: Path, *, outwards: bool = False) -> list[str]:
    return [link for link in _LINK.findall(_text(page)) if ("://" in link) == outwards]


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to headings."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = [re.sub(r"[^\w\- ]", "", one).lower() for one in _HEADING.findall(text)]
    return {heading.replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("page", "link"),
    [
        pytest.param(page, link, id=f"{page.relative_to(ROOT)}: {link}")
        for page in PAGES
        for link in dict.fromkeys(_links(page))
    ],
)
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    assert target.exists()
    if anchor:
        assert anchor in _anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_outwards_is_a_whole_address(page: Path) -> None:
    for link in _links(page, outwards=True):
        parts = urlsplit(link)
        assert parts.scheme == "https"
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc)


def test_every_page_is_in_the_index() -> None:
    assert _pages() == {link for link in _links(DOCS / "README.md") if link.endswith(".md")}


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    entries = re.findall(r"^ +- (?:[\w ]+: )?(\S+\.md)$", navigation, re.MULTILINE)
    assert sorted(entries) == sorted({*_pages(), "README.md"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_picture_has_a_text_in_its_place(page: Path) -> None:
    for text, picture in _PICTURE.findall(_text(page)):
        assert len(text) > 20
        assert (page.parent / picture).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_one_title(page: Path) -> None:
    titles = re.findall(r"^# .+$", re.sub(r"```.*?```", "", _text(page), flags=re.DOTALL), re.M)
    assert len(titles) == 1
