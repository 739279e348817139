"""Who may see the console: whoever has the URL that was printed, and then the cookie."""

from __future__ import annotations

import hashlib
import hmac
import time

import attrs

PATH = "/console/"
"""What the paths of the pages begin with."""

KEY = "key"
"""Parameter of a URL that lets a browser in."""

_VALID = 15 * 60  # seconds


@attrs.frozen(kw_only=True)
class Entry:
    """Makes the keys that let a browser in, and knows them again.

    A key is good for a quarter of an hour, so that one in a history or a log is soon worth
    nothing. The browser gets a cookie for it, which is good as long as the secret is.

    Attributes:
        secret: What keys and the cookie are derived from; it is in neither.
        port: Port on 127.0.0.1 that the pages are reached at.
    """

    secret: str = attrs.field(repr=False)
    port: int

    def url(self, path: str = "") -> str:
        """Give a URL that lets a browser in.

        Args:
            path: The page, below `/console/`.
        """
        until = int(time.time()) + _VALID
        return f"http://127.0.0.1:{self.port}{PATH}{path}?{KEY}={until}-{self._proof(str(until))}"

    def admits(self, key: str) -> bool:
        """Whether a key is one of these, and not too old."""
        until, _, proof = key.partition("-")
        right = hmac.compare_digest(proof.encode(), self._proof(until).encode())
        return right and until.isascii() and until.isdigit() and int(until) >= time.time()

    @property
    def cookie(self) -> tuple[str, str]:
        """Name and value of the cookie; browsers share cookies among all ports."""
        return f"vertex_flow_{self.port}", self._proof("cookie")

    def knows(self, cookie: str | None) -> bool:
        """Whether the value of a cookie is the right one."""
        return hmac.compare_digest((cookie or "").encode(), self.cookie[1].encode())

    def _proof(self, text: str) -> str:
        message = f"console {self.port} {text}".encode()
        return hmac.new(self.secret.encode(), message, hashlib.sha256).hexdigest()
