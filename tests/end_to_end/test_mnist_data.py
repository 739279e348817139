"""Where the example finds its data: a cache, a server, or scikit-learn's digits."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import attrs
import numpy as np
import pytest

from tests.end_to_end.program import EXAMPLES, Desk

CONTENT = b"all of MNIST"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import mnist_data

    return mnist_data


@attrs.define
class Shelf:
    """A server of one file.

    Attributes:
        url: Where the file is.
        answers: Status and content of each answer; the last one is given again and again.
        requests: How many there were.
    """

    url: str = ""
    answers: list[tuple[int, bytes]] = attrs.Factory(lambda: [(200, CONTENT)])
    requests: int = 0


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = shelf.answers[min(shelf.requests, len(shelf.answers) - 1)]
            shelf.requests += 1
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        shelf.url = f"http://127.0.0.1:{server.server_port}/mnist.npz"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield shelf
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "keras" / "mnist.npz"


def test_a_download_is_kept(module, shelf, cache):
    assert module._mnist(shelf.url, cache, SHA256) == cache
    assert cache.read_bytes() == CONTENT
    assert [file.name for file in cache.parent.iterdir()] == ["mnist.npz"]


def test_a_file_that_is_there_is_not_downloaded_again(module, shelf, cache):
    module._mnist(shelf.url, cache, SHA256)
    assert module._mnist(shelf.url, cache, SHA256) == cache
    assert shelf.requests == 1


def test_a_file_that_is_damaged_is_downloaded_again(module, shelf, cache):
    cache.parent.mkdir()
    cache.write_bytes(CONTENT[:5])
    assert module._mnist(shelf.url, cache, SHA256) == cache
    assert cache.read_bytes() == CONTENT


@pytest.mark.parametrize("first", [(200, b"half of"), (503, b""), (200, b"")])
def test_a_second_try_after_a_download_that_failed(module, shelf, cache, first, capsys):
    shelf.answers = [first, (200, CONTENT)]
    assert module._mnist(shelf.url, cache, SHA256) == cache
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("status", "reason"), [(404, "Not Found"), (200, "its checksum is wrong")])
def test_a_download_that_never_works(module, shelf, cache, capsys, *, status, reason):
    shelf.answers = [(status, b"no")]
    assert module._mnist(shelf.url, cache, SHA256) is None
    assert not cache.exists()
    assert shelf.requests == 3
    assert capsys.readouterr().out == (
        f"MNIST cannot be downloaded ({reason}): using scikit-learn's 1,797 small digits instead\n"
    )


def test_without_network_there_are_small_digits(desk: Desk):
    """A proxy that nobody listens at stands for the missing network."""
    show = "import mnist_data; print(mnist_data.locate('auto', cloud=False))"
    script = desk.work / "show.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(EXAMPLES)!r})\n{show}")
    result = desk.run(str(script), https_proxy="http://127.0.0.1:9")
    assert result.code == 0, result.err
    said, path = result.out.splitlines()
    assert re.fullmatch(
        r"MNIST cannot be downloaded \(\[Errno \d+\] Connection refused\): using scikit-learn's "
        r"1,797 small digits instead",
        said,
    )
    with np.load(path) as digits:
        x, y = digits["x"], digits["y"]
    assert (x.shape, x.dtype, x.max()) == ((1797, 28, 28), "uint8", 255)
    assert sorted(set(y)) == list(range(10))


def test_a_relative_path_becomes_absolute(module, tmp_path, monkeypatch):
    (tmp_path / "x.npz").touch()
    monkeypatch.chdir(tmp_path)
    assert module.locate("x.npz", cloud=False) == str(tmp_path / "x.npz")
