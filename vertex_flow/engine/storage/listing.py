"""Lists the objects of a bucket: a page of names and of prefixes, in the order of names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

import attrs

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.conditions import number
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.globs import Glob
from vertex_flow.engine.storage.objects import Found, Objects
from vertex_flow.errors import ApiError

_MOST = 1000


@attrs.frozen(kw_only=True)
class Query:
    """What is to be listed.

    Attributes:
        prefix: What names begin with.
        delimiter: Names that contain it after the prefix are given up to it, as prefixes.
        trailing: Whether names that end with the delimiter are items too.
        start: The first name.
        end: The name before which the list ends, or empty.
        glob: Pattern of names, or None.
        size: The most items and prefixes of the page.
        after: The last name or prefix of the page before, or empty.
    """

    prefix: str
    delimiter: str
    trailing: bool
    start: str
    end: str
    glob: Glob | None
    size: int
    after: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Query:
        """Read the query parameters of a list request.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        size = number(query, "maxResults") if "maxResults" in query else _MOST
        return cls(
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            trailing=query.get("includeTrailingDelimiter", "").lower() == "true",
            start=query.get("startOffset", ""),
            end=query.get("endOffset", ""),
            glob=Glob(query["matchGlob"]) if query.get("matchGlob") else None,
            size=min(size, _MOST) or _MOST,
            after=_read_token(query.get("pageToken", "")),
        )


@attrs.frozen
class Page:
    """A page of a list.

    Attributes:
        items: The objects.
        prefixes: What names have in common up to the delimiter.
        token: Token of the next page, or empty.
    """

    items: list[Found]
    prefixes: list[str]
    token: str


@attrs.frozen(kw_only=True)
class Listing:
    """Lists one bucket.

    Attributes:
        bucket: Its name.
        files: Where its objects are.
        objects: What is known of them.
        folders: The folders that are objects; each ends with `/`.
    """

    bucket: str
    files: Files
    objects: Objects
    folders: frozenset[str]

    def page(self, query: Query) -> Page:
        """Give a page.

        Raises:
            ApiError: NOT_FOUND for a bucket that is not there.
        """
        items: list[Found] = []
        prefixes: list[str] = []
        last = ""
        for key, found in self._entries(query):
            if len(items) + len(prefixes) >= query.size:
                return Page(items, prefixes, _token(last))
            if found is not None:
                items.append(found)
            if found is None or key == _common(found.name, query):
                prefixes.append(key)
            last = key
        return Page(items, prefixes, "")

    def _entries(self, query: Query) -> Iterator[tuple[str, Found | None]]:
        """Give objects by their names, and what others have in common with None."""
        last, start = query.after, max(query.start, query.after)
        deep = query.delimiter != "/" or query.glob is not None
        for name in self.files.walk(self.bucket, query.prefix, start, deep=deep):
            if query.end and name >= query.end:
                return
            common = _common(name, query)
            key = common or name
            if key <= last or not self._is_wanted(name, query, deep=deep):
                continue
            alone = not common or (query.trailing and name == common and name in self.folders)
            found = self._found(name) if alone else None
            if alone and found is None:
                continue
            last = key
            yield key, found

    def _is_wanted(self, name: str, query: Query, *, deep: bool) -> bool:
        if query.glob and not query.glob.matches(name):
            return False
        if not name.endswith("/") or name in self.folders:
            return True
        if deep or name == query.prefix:
            return False
        inside = any(folder.startswith(name) for folder in self.folders)
        return inside or self.files.holds_files(self.bucket, name)

    def _found(self, name: str) -> Found | None:
        try:
            return self.objects.find(self.bucket, name)
        except ApiError:
            return None  # gone meanwhile, or a link that leads elsewhere


def _common(name: str, query: Query) -> str:
    """Give a name up to the delimiter after the prefix, or the empty text."""
    if not query.delimiter:
        return ""
    at = name.find(query.delimiter, len(query.prefix))
    return "" if at < 0 else name[: at + len(query.delimiter)]


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode("ascii")


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise invalid(f"Invalid value for pageToken: {token!r}.") from error
