"""Where an end is put to lists that a service might never end."""

from __future__ import annotations

from vertex_flow.errors import ApiError


class NextPage:
    """The tokens of a list's pages, none of which may come twice.

    Args:
        what: What is listed, for the error.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[str] = set()

    def check(self, token: str) -> None:
        """Take the token of the next page.

        Raises:
            ApiError: There was this page already, so that the list would never end.
        """
        if token in self._seen:
            raise ApiError(
                502,
                "INTERNAL",
                f"the list of {self._what} begins anew after its page {token[:40]!r}",
            )
        self._seen.add(token)
