"""HTML as a reader meets it: its text, and whatever could act."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = ("br", "img", "input", "hr", "meta", "link")


class Page(HTMLParser):
    """A piece of HTML, read.

    Args:
        html: The piece.

    Attributes:
        tags: Names of its elements, in order.
        attributes: Names of their attributes.
        rows: The texts of the cells of each row of its tables.
        links: Where its links lead.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "elements that are not closed"

    @property
    def text(self) -> str:
        """All of its text, with single spaces."""
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())
