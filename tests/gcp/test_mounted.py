"""What `/proc` says of mounts and of who uses a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vertex_flow.gcp.mounted import mounted_at, users_of


def test_a_file_system_that_is_there() -> None:
    found = mounted_at(Path("/proc"))
    assert found is not None
    assert found.kind == "proc"


def test_a_plain_folder(tmp_path: Path) -> None:
    assert mounted_at(tmp_path) is None


def test_who_has_a_file_open_or_works_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    with (
        (tmp_path / "file").open("w") as file,
        subprocess.Popen(["sleep", "600"], stdout=file) as one,
        subprocess.Popen(["sleep", "600"], cwd=tmp_path / "deep") as other,
    ):
        file.close()
        found = users_of(tmp_path)
        one.kill()
        other.kill()
    assert sorted(found) == sorted(f"process {user.pid} (sleep)" for user in (one, other))


def test_nobody(tmp_path: Path) -> None:
    assert users_of(tmp_path) == []
