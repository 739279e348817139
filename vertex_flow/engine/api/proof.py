"""How an engine shows who it is, before anybody shows it the token."""

from __future__ import annotations

import hashlib
import hmac


def engine_proof(token: str, port: int, challenge: str) -> str:
    """What an engine answers to a challenge: it shows that it knows the token, without saying it.

    Args:
        token: The engine's token.
        port: The port that it listens on, so that nobody can pass the question on to it.
        challenge: Any text that was never asked before.
    """
    message = f"engine {port} {challenge}".encode()
    return hmac.new(token.encode(), message, hashlib.sha256).hexdigest()
