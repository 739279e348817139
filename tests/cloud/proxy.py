"""A network that goes wrong: a proxy on the loopback interface that cuts, refuses and is slow."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs

PIECE = 64 * 1024

Way = Literal["up", "down"]


class Proxy:
    """Hands HTTP/1.1 requests with a Content-Length on to one server.

    Attributes:
        url: Root URL; the server's own path comes behind it.
        delay: Seconds that each request takes longer, as a network far away would make it.
        asked: The first line of each request, those that were refused or cut too.
        carried: Bytes of bodies that have gone each way.
    """

    def __init__(self, url: str, upstream: tuple[str, int]) -> None:
        self.url = url
        self.delay = 0.0
        self.asked: list[str] = []
        self.carried: dict[Way, int] = {"up": 0, "down": 0}
        self.upstream = upstream
        self._cuts: dict[Way, list[int]] = {"up": [], "down": []}
        self._refusals: list[tuple[str, int, bytes]] = []
        self._stalls: dict[Way, int] = {}
        self._going = threading.Event()
        self._lock = threading.Lock()

    @property
    def host(self) -> bytes:
        """The proxy's own `HOST:PORT`."""
        return urlsplit(self.url).netloc.encode()

    def cut(self, way: Way, *after: int) -> None:
        """Cut the connection once so many bytes of bodies have gone one way, for each number."""
        self._cuts[way].extend(after)

    def refuse(self, code: int, times: int = 1, *, when: str = "", body: bytes = b"{}") -> None:
        """Answer the next requests, those whose first line holds a text, with a code."""
        self._refusals.extend([(when, code, body)] * times)

    def stall(self, way: Way, after: int) -> None:
        """Let so many bytes of bodies go one way, and nothing more until `go_on`."""
        self._stalls[way] = after
        self._going.clear()

    def go_on(self) -> None:
        """End the stall."""
        self._stalls.clear()
        self._going.set()

    def wait(self, way: Way) -> None:
        """Wait while it is stalled."""
        if self.carried[way] >= self._stalls.get(way, self.carried[way] + 1):
            self._going.wait(60)

    def refusal(self, line: str) -> tuple[int, bytes] | None:
        """What a request is answered with here, or None when it goes on."""
        with self._lock:
            self.asked.append(line)
            for at, (when, code, body) in enumerate(self._refusals):
                if when in line:
                    del self._refusals[at]
                    return code, body
        return None

    def spend(self, way: Way, count: int) -> tuple[int, bool]:
        """How many of some bytes may go on, and whether the connection is to be cut then.

        Both at once: of connections side by side, it is the one that lost bytes that is cut.
        """
        with self._lock:
            cuts = self._cuts[way]
            allowed = min(count, cuts[0]) if cuts else count
            self.carried[way] += allowed
            if not cuts:
                return allowed, False
            cuts[0] -= allowed
            is_over = cuts[0] <= 0
            if is_over:
                cuts.pop(0)
            return allowed, is_over


@attrs.frozen
class Side:
    """One end of a connection.

    Attributes:
        socket: To write to.
        file: To read from.
    """

    socket: socket.socket
    file: Any


class _Ended(Exception):  # noqa: N818 - reads as what happens
    """The connection is over."""


def _head(source: Any) -> tuple[bytes, int]:
    """Read the lines before a body, and its length."""
    lines = []
    length = 0
    while True:
        line = source.readline(PIECE)
        if not line:
            raise _Ended
        lines.append(line)
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if line == b"\r\n":
            return b"".join(lines), length


def _body(proxy: Proxy, way: Way, source: Any, target: socket.socket, length: int) -> None:
    while length:
        data = source.read1(min(PIECE, length))
        if not data:
            raise _Ended
        length -= len(data)
        proxy.wait(way)
        allowed, is_over = proxy.spend(way, len(data))
        target.sendall(data[:allowed])
        if is_over:
            raise _Ended


def _exchange(proxy: Proxy, client: Side, server: Side) -> None:
    """Hand on one request, and its answer."""
    head, length = _head(client.file)
    line = head.partition(b"\r\n")[0].decode()
    time.sleep(proxy.delay)
    refusal = proxy.refusal(line)
    if refusal:
        client.file.read(length)
        client.socket.sendall(_answer(*refusal))
        return
    own, other = proxy.host, "{}:{}".format(*proxy.upstream).encode()
    server.socket.sendall(head.replace(own, other))  # a server may refuse another Host
    _body(proxy, "up", client.file, server.socket, length)
    head, length = _head(server.file)
    client.socket.sendall(head.replace(other, own))
    _body(proxy, "down", server.file, client.socket, length)


def _answer(code: int, content: bytes) -> bytes:
    fields = f"Content-Type: application/json\r\nContent-Length: {len(content)}"
    return f"HTTP/1.1 {code} Trouble\r\n{fields}\r\n\r\n".encode() + content


@contextmanager
def proxy_to(url: str) -> Iterator[Proxy]:
    """Stand between clients and a server until the block ends.

    Args:
        url: Root URL of the server, `http://127.0.0.1:PORT/...`.
    """

    class Handle(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                socket.create_connection(proxy.upstream) as there,
                self.request.makefile("rb") as asked,
                there.makefile("rb") as answered,
                suppress(_Ended, OSError),
            ):
                for end in (self.request, there):  # heads and bodies are sent one by one
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client, server = Side(self.request, asked), Side(there, answered)
                while True:
                    _exchange(proxy, client, server)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    split = urlsplit(url)
    server = Server(("127.0.0.1", 0), Handle)
    root = f"http://127.0.0.1:{server.server_address[1]}{split.path}"
    proxy = Proxy(root, (str(split.hostname), int(split.port or 80)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
