"""Large files, and what becomes of them when the connection is cut."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cloud.proxy import Proxy
from tests.gcp.transfer.conftest import MIB, Cloud
from vertex_flow.errors import ApiError, CredentialsError, TransferFailed
from vertex_flow.gcp.transfer import resumable

Tree = Callable[..., Path]
SIZE = 20 * MIB + 12_345


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> int:
    """Send 4 MiB in a request."""
    monkeypatch.setattr(resumable, "WINDOW", 4 * MIB)
    return 6


def kept(cloud: Cloud) -> bytes:
    return (cloud.folder / "large.bin").read_bytes()


def remembered(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache" / "vertex_flow" / "uploads").glob("*"))


def sessions(cloud: Cloud) -> int:
    """How many uploads were begun."""
    return cloud.requests("POST")


def test_a_large_file(cloud: Cloud, large: Path, tmp_path: Path) -> None:
    assert cloud.upload(large).bytes == SIZE
    assert kept(cloud) == large.read_bytes()
    assert remembered(tmp_path) == []


def test_it_is_sent_in_windows(cloud: Cloud, large: Path, windows: int) -> None:
    cloud.upload(large)
    assert (sessions(cloud), cloud.requests("PUT")) == (1, windows)
    assert kept(cloud) == large.read_bytes()


def test_it_goes_on_where_the_connection_was_cut(cloud: Cloud, large: Path) -> None:
    cloud.proxy.cut("up", 7 * MIB, 5 * MIB)
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()
    assert sessions(cloud) == 1
    assert cloud.proxy.carried["up"] < SIZE + 2 * MIB
    assert len(cloud.pauses) == 2


def test_every_window_may_be_cut_as_often(cloud: Cloud, large: Path, windows: int) -> None:
    cloud.proxy.cut("up", *[2 * MIB] * 8)
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()


def test_an_answer_that_is_lost_is_asked_for(cloud: Cloud, large: Path) -> None:
    cloud.proxy.cut("down", 100)  # the answer to the last request, which is the first with a body
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()
    assert sessions(cloud) == 1


@pytest.mark.parametrize("code", [429, 500, 503])
def test_refusals_in_the_middle(cloud: Cloud, large: Path, windows: int, code: int) -> None:
    cloud.proxy.refuse(code, when="POST")
    cloud.proxy.refuse(code, 3, when="upload_id")
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()


def test_the_next_call_goes_on_with_what_was_given_up(
    cloud: Cloud, large: Path, tmp_path: Path
) -> None:
    cloud.proxy.cut("up", 12 * MIB, 0, 0, 0, 0)
    with pytest.raises(ApiError) as caught:
        cloud.upload(large)
    assert str(caught.value) == (
        "503 UNAVAILABLE: Cloud Storage does not answer: the connection was cut (ConnectionError)"
    )
    assert not (cloud.folder / "large.bin").exists()
    assert len(remembered(tmp_path)) == 1
    cloud.proxy.carried["up"] = 0
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()
    assert sessions(cloud) == 1
    assert cloud.proxy.carried["up"] < SIZE - 9 * MIB


def test_an_upload_that_cloud_storage_has_forgotten_begins_anew(cloud: Cloud, large: Path) -> None:
    cloud.proxy.refuse(410, when="upload_id")
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()
    assert sessions(cloud) == 2


def test_an_upload_that_is_forgotten_again_and_again(cloud: Cloud, large: Path) -> None:
    cloud.proxy.refuse(404, 10, when="upload_id")
    with pytest.raises(TransferFailed) as caught:
        cloud.upload(large)
    assert caught.value.failures == (
        (str(large), "Cloud Storage has lost the upload 3 times; try again later"),
    )


def test_another_content_does_not_go_on(cloud: Cloud, large: Path) -> None:
    cloud.proxy.cut("up", 12 * MIB, 0, 0, 0, 0)
    with pytest.raises(ApiError):
        cloud.upload(large)
    found = large.stat()
    large.write_bytes(os.urandom(SIZE))
    os.utime(large, ns=(found.st_atime_ns, found.st_mtime_ns))
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()


def test_a_file_that_changes_on_its_way_does_not_become_an_object(
    cloud: Cloud, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend = Proxy.spend

    def change(proxy: Proxy, way: object, count: int) -> int:
        with large.open("r+b") as file:
            file.write(os.urandom(8))
        return spend(proxy, way, count)  # type: ignore[arg-type]

    monkeypatch.setattr(Proxy, "spend", change)
    with pytest.raises(TransferFailed) as caught:
        cloud.upload(large)
    assert caught.value.failures == (
        (str(large), "it was changed while it was copied; copy it again when it is finished"),
    )
    assert not (cloud.folder / "large.bin").exists()


def test_bytes_that_were_damaged_on_their_way_do_not_become_an_object(
    cloud: Cloud, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertex_flow.gcp.transfer.content.crc32c", lambda pieces: "AAAAAA==")
    with pytest.raises(ApiError) as caught:
        cloud.upload(large)
    assert "doesn't match calculated crc32c" in caught.value.message
    assert not (cloud.folder / "large.bin").exists()
    assert remembered(tmp_path) == []


def test_a_service_that_keeps_nothing_is_not_asked_for_ever(cloud: Cloud, large: Path) -> None:
    cloud.proxy.refuse(308, 20, when="upload_id")
    with pytest.raises(ApiError) as caught:
        cloud.upload(large)
    assert str(caught.value) == (
        "503 UNAVAILABLE: Cloud Storage does not answer: it has kept nothing of what was sent"
    )


def test_the_uri_of_an_upload_is_in_no_error(cloud: Cloud, large: Path) -> None:
    cloud.proxy.refuse(403, when="upload_id", body=b"<html>no</html>")
    with pytest.raises(ApiError) as caught:
        cloud.upload(large)
    assert str(caught.value).splitlines()[0] == "403 PERMISSION_DENIED: 403 refused"


def test_an_answer_that_cannot_be_read_is_asked_for_again(cloud: Cloud, large: Path) -> None:
    cloud.proxy.refuse(200, when="upload_id", body=b"<html>hello</html>")
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()


def test_credentials_that_have_expired_do_not_end_an_upload(
    cloud: Cloud, large: Path, windows: int, tmp_path: Path
) -> None:
    cloud.proxy.cut("up", 10 * MIB)
    cloud.proxy.refuse(401, when="upload_id", body=b"{}")
    with pytest.raises(CredentialsError):
        cloud.upload(large)
    assert len(remembered(tmp_path)) == 1
    cloud.upload(large)
    assert sessions(cloud) == 1


def test_other_bytes_than_were_sent_are_noticed(cloud: Cloud, large: Path) -> None:
    cloud.proxy.refuse(200, when="upload_id", body=b'{"crc32c": "AAAAAA=="}')
    with pytest.raises(TransferFailed) as caught:
        cloud.upload(large)
    assert caught.value.failures == (
        (str(large), "Cloud Storage has other bytes than the file; copy it again"),
    )


def test_ctrl_c_ends_the_pauses_between_attempts(
    cloud: Cloud, large: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    cloud.proxy.refuse(503, 1000, when="uploadType")
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, cloud.proxy.url, cloud.context.bucket, str(large)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with program:
        until(lambda: sessions(cloud) >= 2)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    assert said.splitlines()[-1] == b"KeyboardInterrupt"
    assert sessions(cloud) < 7  # as often as it would have been tried


PROGRAM = """
import signal
import sys
from google.auth.credentials import AnonymousCredentials
from vertex_flow import GcpContext
url, bucket, path = sys.argv[1:]
context = GcpContext(
    project="acme", bucket=bucket, credentials=AnonymousCredentials(),
    api_endpoints={"storage": url},
)
def ended(*_):
    print("ended", flush=True)
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, ended)
context.upload(path, f"gs://{bucket}/", progress=False)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_program_that_was_ended_leaves_nothing_half_and_another_goes_on(
    cloud: Cloud, large: Path, how: signal.Signals, until: Callable[[Callable[[], bool]], None]
) -> None:
    cloud.proxy.stall("up", 10 * MIB)
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, cloud.proxy.url, cloud.context.bucket, str(large)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with program:
        until(lambda: cloud.proxy.carried["up"] >= 10 * MIB)
        program.send_signal(how)
        # Until it has heard of it, nothing more goes through: it would end before the signal.
        assert program.stdout is not None
        assert program.stdout.readline() == (b"ended\n" if how == signal.SIGINT else b"")
        cloud.proxy.go_on()
        program.communicate(timeout=60)
    assert program.returncode not in (0, None)
    assert not (cloud.folder / "large.bin").exists()
    before = cloud.proxy.carried["up"]
    cloud.upload(large)
    assert kept(cloud) == large.read_bytes()
    assert sessions(cloud) == 1
    assert cloud.proxy.carried["up"] - before < SIZE - 6 * MIB
