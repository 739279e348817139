"""Loaded by every Python process of an audited program: notes where it wants to connect to."""

import os
import sys

_LOG = os.environ["NETWORK_LOG"]


def _note(event, arguments):
    if event == "socket.connect":
        _write(f"connect {_text(arguments[1])}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _write(f"resolve {_text(arguments[0])}")


def _text(address):
    host = address[0] if isinstance(address, tuple) else address
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host)


def _write(line):
    log = os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(log, f"{line}\n".encode())
    os.close(log)


sys.addaudithook(_note)
