"""A project whose Cloud Storage is an engine's, with a network between that can go wrong."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
from google.auth.credentials import AnonymousCredentials

from tests.cloud.proxy import Proxy, proxy_to
from vertex_flow import GcpContext
from vertex_flow.calls import Patience
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.gcp.transfer import Transfer, download, upload
from vertex_flow.names import storage_host

MIB = 1024 * 1024


@pytest.fixture(scope="package")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """An engine, whose Cloud Storage is what the tests copy to."""
    with EmbeddedEngine.start(tmp_path_factory.mktemp("engine") / "home") as engine:
        yield engine


@pytest.fixture
def proxy(engine: EmbeddedEngine) -> Iterator[Proxy]:
    with proxy_to(storage_host(engine.endpoint, engine.token)) as proxy:
        yield proxy


@attrs.frozen
class Cloud:
    """A project, its bucket and the network to it.

    Attributes:
        context: The context.
        proxy: The network.
        folder: Where the objects of the bucket are files.
        pauses: How long was waited before requests were sent again, in seconds.
    """

    context: GcpContext
    proxy: Proxy
    folder: Path
    pauses: list[float]

    @property
    def uri(self) -> str:
        return f"gs://{self.context.bucket}"

    def upload(self, path: Path | str, name: str = "") -> Transfer:
        patience = Patience(attempts=4, sleep=self.pauses.append)
        uri = f"{self.uri}/{name}"
        return upload(self.context, Path(path), uri, progress=False, patience=patience)

    def download(self, name: str, path: Path | str) -> Transfer:
        patience = Patience(attempts=4, sleep=self.pauses.append)
        uri = f"{self.uri}/{name}"
        return download(self.context, uri, Path(path), progress=False, patience=patience)

    def requests(self, verb: str) -> int:
        """How many requests of a kind were sent, for objects.

        Google's library asks by itself for the metadata of the bucket, in a thread.
        """
        return sum(line.startswith(verb) and "/o" in line for line in self.proxy.asked)


@pytest.fixture
def cloud(
    engine: EmbeddedEngine, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cloud:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    context = GcpContext(
        project="acme",
        bucket=f"bucket-{secrets.token_hex(4)}",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        api_endpoints={"storage": proxy.url},
    )
    with context.apis as apis:
        apis.storage.create_bucket(context.bucket)
    proxy.asked.clear()
    proxy.carried.update(up=0, down=0)
    return Cloud(context, proxy, engine.home / "storage" / context.bucket, [])


@pytest.fixture
def local(tmp_path: Path) -> GcpContext:
    """This machine, no engine up."""
    return GcpContext.local(tmp_path / "home")


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Write files into the folder `data`, by name."""

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds; the test's own time limit ends the wait."""

    def wait(holds: Callable[[], bool]) -> None:
        while not holds():
            time.sleep(0.01)

    return wait


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
