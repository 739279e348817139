"""What a request asks of an object's or bucket's present state before it does anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.refusals import condition_not_met, not_modified

_DIGITS = 19  # of the largest number of 64 bits
_NAMES = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")


@attrs.frozen
class Conditions:
    """What has to hold of the present state.

    Attributes:
        wanted: Numbers by the name of the condition, for example `ifGenerationMatch`; generation
            0 is that of an object which is not there.
        etags: Headers `if-match` and `if-none-match` with their etags.
    """

    wanted: Mapping[str, int]
    etags: Mapping[str, str]

    @classmethod
    def of(
        cls, query: Mapping[str, str], headers: Mapping[str, str], *, kind: str = "if"
    ) -> Conditions:
        """Read the conditions of a request.

        Args:
            query: Its query parameters.
            headers: Its headers, names in lower case.
            kind: `if`, or `ifSource` for the object that is copied.

        Raises:
            ApiError: INVALID_ARGUMENT for what is no number.
        """
        names = [f"{kind}{name}" for name in _NAMES]
        # Google's client writes `ifMetaGenerationNotMatch` for uploads.
        given = {name.replace("MetaGen", "Metagen"): text for name, text in query.items()}
        wanted = {name: number(given, name) for name in names if name in given}
        etags = {name: headers[name] for name in ("if-match", "if-none-match") if name in headers}
        return cls(wanted, etags if kind == "if" else {})

    def check(self, facts: Mapping[str, Any] | None, *, reading: bool = False) -> None:
        """Refuse the request when the present state is another one.

        Args:
            facts: What is known of the object, or None when it is not there.
            reading: Whether the request only reads; a state that the reader has is no failure.

        Raises:
            ApiError: 412, or 304 for a reader that has this state.
        """
        for name, value in self.wanted.items():
            field = "metageneration" if "Metageneration" in name else "generation"
            present = int(facts[field]) if facts else 0
            if name.endswith("NotMatch") and present == value:
                raise not_modified() if reading else condition_not_met(name)
            if not name.endswith("NotMatch") and present != value:
                raise condition_not_met(name)
        self._check_etags(etag(facts) if facts else "", reading=reading)

    def _check_etags(self, present: str, *, reading: bool) -> None:
        match, none_match = self.etags.get("if-match"), self.etags.get("if-none-match")
        if match is not None and not _among(present, match):
            raise condition_not_met("if-match")
        if none_match is not None and _among(present, none_match):
            raise not_modified() if reading else condition_not_met("if-none-match")


def etag(facts: Mapping[str, Any]) -> str:
    """Give the etag of a state: it changes with the content and with the metadata."""
    return f"{int(facts['generation']):x}-{int(facts['metageneration']):x}"


def number(query: Mapping[str, str], name: str) -> int:
    """Read a query parameter that is a number.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    return plain_number(query[name], name)


def plain_number(value: Any, name: str) -> int:
    """Read a number, which JSON has as a text since it may have 64 bits.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    text = str(value) if isinstance(value, str | int) else ""
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        raise invalid(f"Invalid value for {name}: {str(value)[:100]!r} is not a number.")
    return int(text)


def _among(present: str, header: str) -> bool:
    given = [text.strip().strip('"') for text in header.split(",")]
    return bool(present) and ("*" in given or present in given)
