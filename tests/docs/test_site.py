"""The pages make a site that needs nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs import reference_table
from tests.docs.reading import ROOT

# What a browser loads by itself; a link, <a href>, it follows only when it is told to.
_LOADED = ("src", "srcset", "data", "poster")


class _Resources(HTMLParser):
    """Collects what a page makes a browser load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = (*_LOADED, "href") if tag == "link" else _LOADED
        self.found += [value for name, value in attrs if name in names and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built anew; a warning fails the build."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def _texts(site: Path, kind: str) -> Iterator[tuple[str, str]]:
    for file in sorted(site.rglob(f"*.{kind}")):
        yield str(file.relative_to(site)), file.read_text(encoding="utf-8")


def test_every_page_is_built(site: Path) -> None:
    pages = {file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md")}
    built = {name for name, _ in _texts(site, "html")}
    assert built - {"404.html"} == {
        "index.html" if page.name == "README.md" else str(page.with_suffix(".html"))
        for page in pages
    }


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    found = {name: _Resources(text).found for name, text in _texts(site, "html")}
    assert all(found.values())
    elsewhere = {
        (name, url)
        for name, urls in found.items()
        for url in urls
        if re.match(r"(https?:)?//", url.strip())
    }
    assert elsewhere == set()


def test_no_stylesheet_loads_anything_from_elsewhere(site: Path) -> None:
    texts = dict(_texts(site, "css"))
    assert texts
    assert [
        name for name, text in texts.items() if re.search(r"(url\(|@import)\W*(https?:)?//", text)
    ] == []


def test_no_page_has_what_the_theme_would_fetch_a_program_for(site: Path) -> None:
    fetched = re.compile(r'class="(mermaid|arithmatex)|data-md-component="source"')
    assert [name for name, text in _texts(site, "html") if fetched.search(text)] == []


def test_the_search_has_a_name_for_screen_readers(site: Path) -> None:
    assert 'role="dialog" aria-label="Search"' in (site / "index.html").read_text(encoding="utf-8")


def test_no_source_code_is_copied_into_the_site(site: Path) -> None:
    assert list(site.rglob("*.py")) == []


@pytest.mark.parametrize("title", reference_table.PAGES)
def test_the_reference_shows_every_name(site: Path, title: str) -> None:
    text = (site / "reference" / f"{title}.html").read_text(encoding="utf-8")
    assert [
        name for name in reference_table.PAGES[title] if f'id="vertex_flow.{name}"' not in text
    ] == []


def test_the_reference_shows_what_a_class_inherits(site: Path) -> None:
    text = (site / "reference" / "runs.html").read_text(encoding="utf-8")
    assert 'id="vertex_flow.runs.run.Run.summary"' in text


def test_a_notebook_of_the_examples_can_be_downloaded(site: Path) -> None:
    page = (site / "notebooks.html").read_text(encoding="utf-8")
    assert 'href="examples/digits.ipynb"' in page
    assert (site / "examples" / "digits.ipynb").exists()


def test_every_table_is_in_a_box_that_the_keyboard_scrolls(site: Path) -> None:
    box = '<div class="wide" role="group" aria-label="Table" tabindex="0"><table>'
    pages = dict(_texts(site, "html"))
    assert box in pages["compare.html"]
    assert [name for name, text in pages.items() if text.count("<table>") != text.count(box)] == []
