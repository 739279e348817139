"""Application-default credentials as files, whose tokens come from this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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


def federated_file(folder: Path, token_url: str) -> Path:
    """Write credentials of workload identity federation, as CI services have them.

    Google's generated clients sign the tokens of a service account's key by themselves; these
    they take from the token endpoint.
    """
    (folder / "subject").write_text("who I am")
    facts = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": token_url,
        "credential_source": {"file": str(folder / "subject")},
    }
    path = folder / "federated.json"
    path.write_text(json.dumps(facts))
    return path


@contextmanager
def tokens(token: str) -> Iterator[str]:
    """Serve a token endpoint, which gives one token to everybody, until the block ends."""

    class Handle(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            facts = {
                "access_token": token,
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "expires_in": 3600,
                "token_type": "Bearer",
            }
            content = json.dumps(facts).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handle)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/token"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
