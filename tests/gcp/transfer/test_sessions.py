"""Uploads that are underway, remembered on disk."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from vertex_flow.gcp.transfer.sessions import Sessions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "uploads"


@pytest.fixture
def sessions(folder: Path) -> Sessions:
    return Sessions(folder)


def keep(sessions: Sessions, uri: str = "https://x/1") -> None:
    with sessions.of("key") as session:
        session.keep(uri)


def remembered(sessions: Sessions) -> str | None:
    with sessions.of("key") as session:
        return session.uri


def test_an_upload_is_remembered(sessions: Sessions, folder: Path) -> None:
    keep(sessions)
    assert remembered(Sessions(folder)) == "https://x/1"


def test_a_longer_uri_is_replaced_as_a_whole(sessions: Sessions) -> None:
    keep(sessions, "https://x/long")
    keep(sessions, "https://x/1")
    assert remembered(sessions) == "https://x/1"


def test_one_that_has_ended_leaves_nothing(sessions: Sessions, folder: Path) -> None:
    keep(sessions)
    with sessions.of("key") as session:
        session.forget()
    assert list(folder.iterdir()) == []


def test_one_that_has_not_begun_leaves_nothing(sessions: Sessions, folder: Path) -> None:
    assert remembered(sessions) is None
    assert list(folder.iterdir()) == []


def test_nobody_else_can_read_it(sessions: Sessions, folder: Path) -> None:
    keep(sessions)
    assert stat.S_IMODE((folder / "key.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"uri": 1}', b"\xff", b'{"url": "x"}'])
def test_one_that_was_cut_while_it_was_written_begins_anew(
    sessions: Sessions, folder: Path, content: bytes
) -> None:
    keep(sessions)
    (folder / "key.json").write_bytes(content)
    assert remembered(sessions) is None


def test_two_at_a_time_do_not_share_one(sessions: Sessions) -> None:
    keep(sessions)
    with sessions.of("key") as first:
        assert first.uri == "https://x/1"
        assert remembered(sessions) is None
    assert remembered(sessions) == "https://x/1"


def test_one_that_cloud_storage_is_about_to_forget_is_forgotten(
    sessions: Sessions, folder: Path
) -> None:
    keep(sessions)
    week = time.time() - 6.6 * 24 * 3600
    os.utime(folder / "key.json", (week, week))
    assert remembered(sessions) is None


def test_without_a_disk_it_is_remembered_while_it_lasts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Sessions(tmp_path / "file").of("key") as session:
        session.keep("https://x/1")
        assert session.uri == "https://x/1"


def test_the_folder_is_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    keep(Sessions())
    assert (tmp_path / "vertex_flow" / "uploads" / "key.json").is_file()
