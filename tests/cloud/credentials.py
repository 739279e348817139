"""Application-default credentials as files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

PROJECT = "of-the-key"


def key_file(folder: Path, token_uri: str, project: str = PROJECT) -> Path:
    """Write a key as `gcloud iam service-accounts keys create` does."""
    facts = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "1",
        "private_key": _private_key(),
        "client_email": f"robot@{project}.iam.gserviceaccount.com",
        "token_uri": token_uri,
    }
    path = folder / "key.json"
    path.write_text(json.dumps(facts))
    return path


def login_file(folder: Path, token: str) -> Path:
    """Write credentials as `gcloud auth application-default login` does, with a token.

    Those of people ask nobody for a token while theirs is good; those of service accounts and of
    workload identity federation also ask Google which regions they may be used in.
    """
    facts = {
        "type": "authorized_user",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh",
        "token": token,
        "expiry": "2199-01-31T00:00:00Z",
    }
    path = folder / "login.json"
    path.write_text(json.dumps(facts))
    return path


@cache
def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
