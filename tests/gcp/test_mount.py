"""Buckets as folders: gcsfuse is a stand-in here, the file system that it mounts is real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import MountError, SettingError
from vertex_flow.gcp.mount import Mount, mount
from vertex_flow.gcp.mounted import mounted_at

needs_fuse = pytest.mark.skipif(
    not (os.geteuid() == 0 and os.access("/dev/fuse", os.R_OK | os.W_OK)),
    reason="mounting needs root and /dev/fuse",
)
Calls = Callable[[], list[dict[str, object]]]
CLOUD = GcpContext(project="acme", bucket="acme-data")


@pytest.fixture
def gcsfuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Put the stand-in on the search path; give its calls so far."""
    stand_in = Path(__file__).parent / "gcsfuse_stand_in.py"
    calls = tmp_path / "calls"
    program = tmp_path / "bin" / "gcsfuse"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{stand_in}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))
    monkeypatch.setenv("STAND_IN", str(calls))
    return lambda: [json.loads(line) for line in calls.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "with space" / "data"


def ended(pid: object) -> bool:
    return not Path(f"/proc/{pid}").exists()


@needs_fuse
def test_the_bucket_is_there_until_the_block_ends(gcsfuse: Calls, path: Path) -> None:
    with CLOUD.mount(path) as mounted:
        assert (mounted.path, mounted.bucket) == (path, "acme-data")
        assert os.path.ismount(path)
        assert os.listdir(path) == []
    assert not os.path.ismount(path)
    assert ended(gcsfuse()[0]["pid"])


@needs_fuse
def test_gcsfuse_stays_in_the_foreground_and_shows_every_folder(gcsfuse: Calls, path: Path) -> None:
    with CLOUD.mount(path):
        pass
    assert gcsfuse()[0]["arguments"] == [
        "--foreground",
        "--implicit-dirs",
        "--app-name=vertex_flow",
        "--log-format=text",
        "acme-data",
        str(path),
    ]


@needs_fuse
@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://storage-acme.p.googleapis.com", "storage-acme.p.googleapis.com:443"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/storage/v1/"),
    ],
)
def test_a_service_elsewhere_is_told(gcsfuse: Calls, path: Path, url: str, endpoint: str) -> None:
    moved = GcpContext(project="acme", bucket="acme-data", api_endpoints={"storage": url})
    with moved.mount(path):
        pass
    assert f"'--custom-endpoint={endpoint}'" in str(gcsfuse()[0]["arguments"])


@needs_fuse
def test_a_service_elsewhere_may_be_the_environments_to_say(
    gcsfuse: Calls, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "http://127.0.0.1:1")
    with CLOUD.mount(path):
        pass
    endpoint = "'--custom-endpoint=http://127.0.0.1:1/storage/v1/'"
    assert endpoint in str(gcsfuse()[0]["arguments"])


@needs_fuse
def test_closing_twice_is_closing_once(gcsfuse: Calls, path: Path) -> None:
    mounted = CLOUD.mount(path)
    mounted.close()
    mounted.close()
    assert len(gcsfuse()) == 1


@needs_fuse
def test_a_folder_that_was_there_stays_and_one_that_was_made_goes(
    gcsfuse: Calls, path: Path
) -> None:
    CLOUD.mount(path).close()
    assert not path.exists()
    path.mkdir()
    CLOUD.mount(path).close()
    assert path.is_dir()


@needs_fuse
def test_the_same_bucket_again_is_the_mount_that_is_there(gcsfuse: Calls, path: Path) -> None:
    with CLOUD.mount(path):
        CLOUD.mount(path).close()
        assert os.path.ismount(path)
    assert len(gcsfuse()) == 1


@needs_fuse
def test_another_bucket_at_the_same_folder_is_refused(
    gcsfuse: Calls, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", which("gcsfuse"))
    with CLOUD.mount(path), pytest.raises(SettingError) as caught:
        GcpContext(project="acme", bucket="other").mount(path)
    assert str(caught.value) == (
        f"mount('{path}'): acme-data (fuse.gcsfuse) is mounted there; choose another folder, or "
        f"unmount it: umount '{path}'"
    )


def which(*known: str) -> Callable[[str], str | None]:
    """Find nothing but some programs."""
    from shutil import which as real

    return lambda name: real(name) if name in known else None


@needs_fuse
def test_a_folder_in_use_stays_mounted_and_says_who_uses_it(gcsfuse: Calls, path: Path) -> None:
    mounted = CLOUD.mount(path)
    user = subprocess.Popen(["sleep", "600"], cwd=path)
    with pytest.raises(MountError) as caught:
        mounted.close()
    user.kill()
    user.wait()
    assert str(caught.value).endswith(
        f"It is used by process {user.pid} (sleep). End that, or have it leave the folder and "
        "close its files; then call close() again."
    )
    assert os.path.ismount(path)
    mounted.close()
    assert not os.path.ismount(path)


@needs_fuse
def test_a_gcsfuse_that_was_killed_can_be_unmounted(gcsfuse: Calls, path: Path) -> None:
    mounted = CLOUD.mount(path)
    os.kill(int(str(gcsfuse()[0]["pid"])), signal.SIGKILL)
    mounted.close()
    assert mounted_at(path) is None


@needs_fuse
def test_it_is_unmounted_when_somebody_else_did_so(gcsfuse: Calls, path: Path) -> None:
    mounted = CLOUD.mount(path)
    subprocess.run(["umount", str(path)], check=True)
    mounted.close()
    assert not path.exists()


@needs_fuse
def test_it_is_unmounted_when_the_program_ends(gcsfuse: Calls, path: Path) -> None:
    program = (
        "import sys; from vertex_flow import GcpContext\n"
        "GcpContext(project='acme', bucket='acme-data').mount(sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert len(gcsfuse()) == 1
    assert mounted_at(path) is None


def failure(path: Path, **settings: float) -> str:
    with pytest.raises(MountError) as caught:
        mount(CLOUD, path, **settings)
    assert not path.exists()
    return str(caught.value)


def test_a_gcsfuse_that_fails_is_quoted(
    gcsfuse: Calls, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_MODE", "refused")
    assert failure(path) == (
        f"gcsfuse ended with 1 while mounting gs://acme-data at {path}:\n"
        '  Error while mounting gcsfuse: 404: "no such bucket"\n'
        "  Look whether the bucket can be read: gcloud storage ls gs://acme-data"
    )


def test_a_gcsfuse_that_fails_without_a_word(
    gcsfuse: Calls, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_MODE", "silent")
    assert "ended with 7" in failure(path)


def test_a_gcsfuse_that_takes_too_long_is_ended(
    gcsfuse: Calls, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_MODE", "slow")
    assert "has not mounted it in 0.5 s" in failure(path, timeout=0.5)
    assert all(ended(call["pid"]) for call in gcsfuse())


def test_without_gcsfuse_it_is_said_how_to_get_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", which())
    assert failure(path) == (
        "gcsfuse is not installed: it is the program that mounts buckets.\n"
        "  Fix: add Google's package source as "
        "https://cloud.google.com/storage/docs/gcsfuse-install says, then\n"
        "    sudo apt-get update && sudo apt-get install gcsfuse   (Debian, Ubuntu)\n"
        '  Without it: GcpContext.download("gs://acme-data/FOLDER", "FOLDER") copies what is '
        "needed."
    )


@pytest.fixture(params=["cloud", "local"])
def context(request: pytest.FixtureRequest, tmp_path: Path, gcsfuse: Calls) -> GcpContext:
    return CLOUD if request.param == "cloud" else GcpContext.local(tmp_path / "home")


def test_a_file_is_no_folder(context: GcpContext, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError) as caught:
        context.mount(tmp_path / "file")
    assert str(caught.value) == (
        f"mount('{tmp_path}/file'): expected an empty folder; this is a file."
    )


def test_a_folder_with_files_is_refused(context: GcpContext, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        context.mount(tmp_path / "bin")
    assert str(caught.value) == (
        f"mount('{tmp_path}/bin'): expected an empty folder; what is in this one would be hidden."
    )


@pytest.fixture
def local(tmp_path: Path) -> GcpContext:
    return GcpContext.local(tmp_path / "home")


def test_on_this_machine_it_is_the_folder_of_the_bucket(local: GcpContext, path: Path) -> None:
    with local.mount(path):
        (path / "x").write_text("1")
    assert not path.exists()
    assert (Path(local.data_root).parent / "x").read_text() == "1"


def test_on_this_machine_a_folder_that_was_there_stays(local: GcpContext, path: Path) -> None:
    path.mkdir(parents=True)
    local.mount(path).close()
    assert path.is_dir()
    assert not path.is_symlink()


def test_on_this_machine_the_same_again_is_the_one_that_is_there(
    local: GcpContext, path: Path
) -> None:
    with local.mount(path):
        local.mount(path).close()
        assert path.is_symlink()
    assert not path.is_symlink()


def test_what_took_its_place_meanwhile_is_left_alone(local: GcpContext, path: Path) -> None:
    mounted = local.mount(path)
    path.unlink()
    path.mkdir()
    mounted.close()
    assert path.is_dir()


def test_a_mount_says_what_it_is(local: GcpContext, path: Path) -> None:
    with local.mount(path) as mounted:
        assert repr(mounted) == f"Mount({str(path)!r}, bucket='local')"
        assert isinstance(mounted, Mount)
