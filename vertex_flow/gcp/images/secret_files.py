"""Files that may hold secrets: told by their names and by what they begin with."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

_NAMES = (
    ".env*",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "application_default_credentials.json",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".boto",
    ".aws",
    ".azure",
    ".docker",
    ".gnupg",
    ".kube",
    ".ssh",
)
_GCLOUD = ".config/gcloud"
_PRIVATE_KEY = re.compile(rb"\s*-----BEGIN (?:[A-Z]+ )*PRIVATE KEY")
_KEYS = {
    "service_account": "private_key",
    "authorized_user": "refresh_token",
    "impersonated_service_account": "source_credentials",
    "external_account_authorized_user": "refresh_token",
}


def has_secret_name(path: str) -> bool:
    """Tell whether a file or folder is one that holds secrets, by its name.

    Args:
        path: The path, with slashes.
    """
    lowered = path.lower()
    name = lowered.rpartition("/")[2]
    return f"/{lowered}".endswith(f"/{_GCLOUD}") or any(
        fnmatchcase(name, pattern) for pattern in _NAMES
    )


def holds_key(content: bytes) -> bool:
    """Tell whether a file is a private key, or credentials of Google Cloud.

    Args:
        content: The file's first bytes; for credentials, all of them.
    """
    if _PRIVATE_KEY.match(content):
        return True
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    key = _KEYS.get(str(found.get("type")))
    return key is not None and key in found
