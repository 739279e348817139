"""Files to a bucket: `GcpContext.upload` beside a plain loop, and beside Google's transfer_manager.

The bucket is that of an engine on this machine, so there is no network: what a distance would cost
is shown by a proxy that keeps each request back for some milliseconds. Ratios are of times on one
machine in one run; above 1, `upload` is the quicker one.

python -m benchmarks.uploads --files 1000 --megabytes 200 --repetitions 3
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import transfer_manager

from benchmarks.asking import engine, seconds
from tests.cloud.proxy import proxy_to
from vertex_flow import GcpContext
from vertex_flow.names import storage_host

BUCKET = "benchmark-data"
WORKERS = 8  # transfer_manager's own default


@attrs.frozen
class Bench:
    """Ways to upload the same files, each time to names that are new.

    Attributes:
        context: Where to.
        bucket: The bucket, of Google's library.
        repetitions: How often each is timed; the median counts.
        manager: Whether transfer_manager is timed, too.
        run: What the names begin with.
    """

    context: GcpContext
    bucket: Any
    repetitions: int
    manager: bool
    run: str
    _numbers: itertools.count[int] = attrs.field(factory=itertools.count, init=False)

    def blob(self, folder: str, path: Path) -> Any:
        """The object that a file becomes."""
        return self.bucket.blob(f"{folder}/{path.name}")

    def ours(self, paths: Sequence[Path], folder: str) -> None:
        """`GcpContext.upload`."""
        source = paths[0] if len(paths) == 1 else paths[0].parent
        self.context.upload(source, f"gs://{self.bucket.name}/{folder}/", progress=False)

    def loop(self, paths: Sequence[Path], folder: str) -> None:
        """What anybody would write first."""
        for path in paths:
            self.blob(folder, path).upload_from_filename(str(path))

    def threads(self, paths: Sequence[Path], folder: str) -> None:
        """transfer_manager in threads."""
        self._manager(paths, folder, transfer_manager.THREAD)

    def processes(self, paths: Sequence[Path], folder: str) -> None:
        """transfer_manager in processes, its default."""
        self._manager(paths, folder, transfer_manager.PROCESS)

    def _manager(self, paths: Sequence[Path], folder: str, kind: str) -> None:
        pairs = [(str(path), self.blob(folder, path)) for path in paths]
        transfer_manager.upload_many(
            pairs, worker_type=kind, max_workers=WORKERS, raise_exception=True
        )

    def chunks(self, paths: Sequence[Path], folder: str) -> None:
        """transfer_manager's parts of one file, in processes."""
        transfer_manager.upload_chunks_concurrently(
            str(paths[0]), self.blob(folder, paths[0]), max_workers=WORKERS
        )

    def fresh(self, way: Callable[..., None], paths: Sequence[Path]) -> float:
        """Seconds for objects that are not there."""
        return seconds(lambda: way(paths, f"{self.run}-{next(self._numbers)}"), self.repetitions)

    def again(self, paths: Sequence[Path]) -> float:
        """Seconds of `upload` for objects that are there, the same."""
        folder = f"{self.run}-{next(self._numbers)}"
        self.ours(paths, folder)
        return seconds(lambda: self.ours(paths, folder), self.repetitions)

    def compare(self, title: str, paths: Sequence[Path], *others: Callable[..., None]) -> None:
        """Time `upload`, the loop and others, and print how many times as long they take.

        A second upload is compared with the loop, which sends everything again.
        """
        print(title)
        mine, loop, again = (
            self.fresh(self.ours, paths),
            self.fresh(self.loop, paths),
            self.again(paths),
        )
        print(f"  {'upload':<28}{mine:8.2f} s")
        print(f"  {'loop':<28}{loop:8.2f} s{loop / mine:8.1f} x")
        print(f"  {'upload, all there already':<28}{again:8.2f} s{loop / again:8.1f} x")
        for way in others if self.manager else ():
            took = self.fresh(way, paths)
            print(f"  {'transfer_manager, ' + way.__name__:<28}{took:8.2f} s{took / mine:8.1f} x")


def written(folder: Path, count: int, size: int) -> list[Path]:
    """Write files of random bytes."""
    folder.mkdir()
    paths = [folder / f"{number:05}.bin" for number in range(count)]
    for path in paths:
        with path.open("wb") as file:
            for start in range(0, size, 1 << 20):
                file.write(os.urandom(min(1 << 20, size - start)))
    return paths


def at(url: str) -> GcpContext:
    """A project whose Cloud Storage is at a URL."""
    return GcpContext(
        project="benchmark",
        bucket=BUCKET,
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        api_endpoints={"storage": url},
    )


def main() -> None:
    """Print the seconds of each way, and how they compare to `upload`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000, help="small files, of 4 kB")
    parser.add_argument("--megabytes", type=int, default=200, help="size of the large file")
    parser.add_argument("--far", type=int, default=100, help="small files to a bucket far away")
    parser.add_argument("--delay", type=int, default=30, help="milliseconds to it, each request")
    parser.add_argument("--repetitions", type=int, default=3, help="runs, of which the median")
    parser.add_argument("--manager", action="store_true", help="time transfer_manager, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, engine() as started:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        root = storage_host(started.endpoint, started.token)
        small = written(Path(folder) / "small", options.files, 4096)
        few = written(Path(folder) / "few", options.far, 4096)
        large = written(Path(folder) / "large", 1, options.megabytes << 20)
        with at(root).apis as apis:
            apis.storage.create_bucket(BUCKET)
        with proxy_to(root) as proxy:
            proxy.delay = options.delay / 1000
            for url, network, many in (
                (root, "no network", small),
                (proxy.url, f"{options.delay} ms a request", few),
            ):
                measure(at(url), network, many, large, options)


def measure(
    context: GcpContext,
    network: str,
    many: Sequence[Path],
    large: Sequence[Path],
    options: argparse.Namespace,
) -> None:
    """Time small files and a large one."""
    with context.apis as apis:
        bench = Bench(
            context,
            apis.storage.bucket(BUCKET),
            options.repetitions,
            options.manager,
            network.replace(" ", "-"),
        )
        title = f"{len(many)} files of 4 kB, {network}"
        bench.compare(title, many, bench.threads, bench.processes)
        title = f"one file of {options.megabytes} MiB, {network}"
        bench.compare(title, large, bench.chunks)


if __name__ == "__main__":
    main()
