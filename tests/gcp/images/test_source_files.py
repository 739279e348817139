"""The files of a folder that may be sent."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.dockerignore import Ignored
from vertex_flow.gcp.images.source_files import Entry, Search

KEY = json.dumps({"type": "service_account", "private_key": "x"})


def write(folder: Path, name: str, text: str = "") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def searched(
    folder: Path, *lines: str, names: set[str] | None = None
) -> tuple[list[str], list[str]]:
    """The paths that are sent, and the secrets that are not."""
    search = Search(folder, Ignored.of(lines))
    search.run(names)
    return sorted(one.path for one in search.read()), sorted(search.secrets)


def message(folder: Path, *lines: str) -> str:
    with pytest.raises(SettingError) as caught:
        searched(folder, *lines)
    return str(caught.value)


def test_files_in_folders(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    write(tmp_path, "b/c.py")
    assert searched(tmp_path) == (["a.py", "b/c.py"], [])


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "a/a")
    write(tmp_path, "b/a")
    assert searched(tmp_path, names={"a"}) == (["a/a"], [])


NEVER = [
    ".git/config",
    "deep/.git/HEAD",
    ".venv/bin/python",
    ".vertex_flow/token",
    "a/__pycache__/b.pyc",
    "b.pyc",
    ".pytest_cache/x",
    ".ipynb_checkpoints/x",
    ".dockerignore",
    "learner/Dockerfile.dockerignore",
]


@pytest.mark.parametrize("name", NEVER)
@pytest.mark.parametrize("lines", [[], ["*", "!**"], ["*", "!.git", "!.venv", "!**/.git"]], ids=len)
def test_what_is_never_sent_whatever_a_pattern_takes_in(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    write(tmp_path, name)
    assert searched(tmp_path, *lines) == ([], [])


def test_git_in_a_file(tmp_path: Path) -> None:
    write(tmp_path, ".git", "gitdir: /somewhere")
    assert searched(tmp_path) == ([], [])


def test_a_virtual_environment_of_any_name(tmp_path: Path) -> None:
    write(tmp_path, "env311/pyvenv.cfg")
    write(tmp_path, "env311/lib/x.py")
    assert searched(tmp_path) == ([], [])


SECRETS = {
    ".env": "A=1",
    "deep/.env.local": "A=1",
    "id_rsa": "x",
    "server.pem": "x",
    ".netrc": "x",
    "key.json": KEY,
    "deep/other": KEY,
    "private.txt": "-----BEGIN PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("lines", [[], ["*", "!**"], ["!.env", "!key.json"]], ids=len)
def test_secrets_are_not_sent_whatever_a_pattern_takes_in(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    write(tmp_path, name, SECRETS[name])
    assert searched(tmp_path, *lines) == ([], [name])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(
        st.sampled_from(["*", "!*", "!**", "!.env", "!a/.env", "!a", "!.git", "!a/**", "a"])
    )
)
def test_no_patterns_whatever_send_them(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    for name in (*NEVER, *SECRETS, "a/.env"):
        write(folder, name, SECRETS.get(name, KEY))
    assert searched(folder, *lines)[0] == []


def test_folders_of_secrets_are_named_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path, ".aws/credentials")
    write(tmp_path, ".config/gcloud/access_tokens.db")
    write(tmp_path, ".config/other.toml")
    assert searched(tmp_path) == ([".config/other.toml"], [".aws", ".config/gcloud"])


def test_secrets_that_are_left_out_anyway_are_not_named(tmp_path: Path) -> None:
    write(tmp_path, ".env")
    write(tmp_path, "keys/key.json", KEY)
    assert searched(tmp_path, ".env", "keys") == ([], [])


def test_what_is_left_out_and_taken_in_again(tmp_path: Path) -> None:
    for name in ("data/big", "data/labels.txt", "data/deep/x", "other/x"):
        write(tmp_path, name)
    assert searched(tmp_path, "data", "other", "!data/labels.txt") == (["data/labels.txt"], [])


def test_pipes_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert searched(tmp_path) == ([], [])


def test_an_entry_has_size_digest_and_the_executable_bit(tmp_path: Path) -> None:
    write(tmp_path, "run", "x").chmod(0o755)
    search = Search(tmp_path, Ignored())
    search.run(None)
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert list(search.read()) == [Entry("run", 1, digest, executable=True)]


def links(folder: Path) -> dict[str, str | None]:
    search = Search(folder, Ignored())
    search.run(None)
    return {one.path: one.link for one in search.read()}


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("b.py", "b.py"),
        ("./b.py", "b.py"),
        ("../a/b.py", "b.py"),
        ("../other.py", "../other.py"),
        ("nowhere", "nowhere"),
        ("{}/other.py", "../other.py"),
        ("..", ".."),
    ],
)
def test_a_link_inside_stays_a_link(tmp_path: Path, target: str, kept: str) -> None:
    write(tmp_path, "a/b.py")
    write(tmp_path, "other.py")
    (tmp_path / "a/link").symlink_to(target.format(tmp_path))
    assert links(tmp_path) == {"a/b.py": None, "other.py": None, "a/link": kept}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "../..", "a/../../../x", "/"])
def test_a_link_that_leads_out(tmp_path: Path, target: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/link").symlink_to(target)
    assert message(tmp_path) == (
        f"{tmp_path}/a/link is a link to {target}, which is outside of {tmp_path} and would lead "
        "nowhere in the image: put the files themselves there, or leave the link out in "
        f"{tmp_path}/.dockerignore."
    )


def test_a_link_that_leads_out_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    assert searched(tmp_path, "link") == ([], [])


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "a/b.py")
    (tmp_path / "a/loop").symlink_to("..")
    assert searched(tmp_path)[0] == ["a/b.py", "a/loop"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    write(tmp_path, "a.py").chmod(0)
    assert message(tmp_path) == (
        f"{tmp_path}/a.py cannot be read, Permission denied: make it readable, or leave it out in "
        f"{tmp_path}/.dockerignore."
    )


def test_a_file_that_is_gone_when_it_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, "a.py")
    search = Search(tmp_path, Ignored())
    search.run(None)
    file.unlink()
    with pytest.raises(SettingError) as caught:
        list(search.read())
    assert str(caught.value) == (
        f"{tmp_path}/a.py cannot be read, No such file or directory: make it readable, or leave "
        f"it out in {tmp_path}/.dockerignore."
    )


def test_a_file_that_is_gone_when_it_is_taken(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"a\.py cannot be read, No such file or directory"):
        Search(tmp_path, Ignored()).add("a.py")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read, No such file or directory" in message(tmp_path / "gone")


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.py")
    write(tmp_path, name)
    assert message(tmp_path) == (
        f"{str(tmp_path / name)!r} has a name that is not UTF-8, and cannot be sent: rename it, or "
        f"leave it out in {tmp_path}/.dockerignore."
    )


def test_a_name_that_is_no_text_may_be_left_out(tmp_path: Path) -> None:
    write(tmp_path, os.fsdecode(b"\xff.tmp"))
    assert searched(tmp_path, "*.tmp") == ([], [])


def test_names_of_any_letters(tmp_path: Path) -> None:
    write(tmp_path, "dätä/模型 v1.txt")
    assert searched(tmp_path) == (["dätä/模型 v1.txt"], [])
