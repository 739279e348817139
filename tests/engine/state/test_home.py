from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vertex_flow.engine.state.home import Home
from vertex_flow.errors import ApiError, EngineError, HomeBusyError


def test_the_token_stays_the_same(home: Home) -> None:
    assert home.token() == Home(home.root).token()


def test_the_token_is_readable_by_its_owner_only(home: Home) -> None:
    home.token()

    assert stat.S_IMODE((home.root / "token").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "short", "a b" * 20, "é" * 40, "x" * 2000 + "é"])
def test_a_token_that_could_be_guessed_is_replaced(home: Home, text: str) -> None:
    token = home.root / "token"
    token.touch(mode=0o600)
    token.write_text(text, encoding="utf-8")

    assert len(home.token()) == 43
    assert token.read_text() == home.token()


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_token_that_others_may_have_read_is_replaced(home: Home, mode: int) -> None:
    before = home.token()
    (home.root / "token").chmod(mode)

    assert home.token() != before
    assert stat.S_IMODE((home.root / "token").stat().st_mode) == 0o600


def test_a_token_behind_a_link_is_replaced(home: Home, tmp_path: Path) -> None:
    (tmp_path / "known").write_text("k" * 43)
    (home.root / "token").symlink_to(tmp_path / "known")

    assert home.token() != "k" * 43
    assert (tmp_path / "known").read_text() == "k" * 43


def test_a_new_folder_is_its_owners_alone(home: Home) -> None:
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_two_folders_have_two_tokens(tmp_path: Path) -> None:
    tokens = set()
    for name in ("one", "two"):
        home = Home(tmp_path / name)
        home.create()
        tokens.add(home.token())

    assert len(tokens) == 2


def test_a_folder_that_is_held_names_its_holder(home: Home) -> None:
    home.acquire()

    with pytest.raises(HomeBusyError) as caught:
        Home(home.root).acquire()

    assert caught.value.pid == os.getpid()
    home.release()


def test_the_text_of_a_busy_folder_says_what_to_do(home: Home) -> None:
    home.acquire()

    with pytest.raises(
        HomeBusyError,
        match=re.escape(
            f"{home.root} is in use by process {os.getpid()}: two runs cannot share one folder at "
            "the same time. Wait for the other run to end, or give this one a folder of its own: "
            "VERTEX_FLOW_HOME=<folder>, or GcpContext.local(home=<folder>)."
        ),
    ):
        Home(home.root).acquire()

    home.release()


def test_a_released_folder_can_be_taken_again(home: Home) -> None:
    home.acquire()
    home.release()
    other = Home(home.root)

    other.acquire()

    other.release()


def test_releasing_twice_does_nothing(home: Home) -> None:
    home.acquire()
    home.release()

    home.release()


def test_a_killed_process_holds_nothing(home: Home) -> None:
    code = (
        "import os, pathlib, sys; from vertex_flow.engine.state.home import Home; "
        "Home(pathlib.Path(sys.argv[1])).acquire(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(home.root)], check=False)

    home.acquire()

    home.release()


@pytest.fixture
def survivor(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A process of an engine that is gone, which writes into the scratch folder as it ends."""
    code = f"""
import os, pathlib, sys, time
from vertex_flow.engine.state.home import Home
home = Home(pathlib.Path({str(home.root)!r}))
home.acquire()
os.set_inheritable(home.family, True)
if os.fork():
    print("held", flush=True)
    os._exit(0)
os.close(home._lock)
sys.stdin.read()
home.scratch("late")
"""
    popen = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with popen:
        assert popen.stdout is not None
        assert popen.stdout.readline() == b"held\n"
        os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
        yield popen


def test_taking_the_folder_waits_for_processes_of_the_engine_before(
    home: Home, survivor: subprocess.Popen[bytes]
) -> None:
    threading.Timer(0.3, survivor.stdin.close).start()
    home.acquire()

    assert list((home.root / "tmp").iterdir()) == []
    home.release()


def test_processes_that_do_not_end_are_said(
    home: Home, survivor: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vertex_flow.engine.state.home._LAST_WORDS", 0.1)
    with pytest.raises(EngineError) as caught:
        home.acquire()

    assert str(caught.value) == (
        f"processes of an earlier engine in {home.root} are still running 0.1 s after its end. "
        "Find them by their command, 'vertex_flow.engine.processes.zygote', and end them."
    )


def test_taking_the_folder_empties_its_scratch(home: Home) -> None:
    left = home.scratch("job")

    home.acquire()
    home.release()

    assert not left.exists()


def test_scratch_folders_are_fresh(home: Home) -> None:
    assert home.scratch("job") != home.scratch("job")


def test_published_is_where_the_engine_listens(home: Home) -> None:
    home.publish("http://127.0.0.1:1234")

    facts = json.loads((home.root / "engine.json").read_text())
    assert (facts["endpoint"], facts["pid"], facts["parent"], facts["standing"]) == (
        "http://127.0.0.1:1234",
        os.getpid(),
        None,
        False,
    )


def test_withdrawn_is_gone(home: Home) -> None:
    home.publish("http://127.0.0.1:1234")
    home.withdraw()

    assert not (home.root / "engine.json").exists()


def test_git_ignores_the_folder(home: Home) -> None:
    assert (home.root / ".gitignore").read_text() == "*\n"


def test_a_log_has_its_place(home: Home) -> None:
    expected = home.root / "logs" / "customJobs" / "123" / "workerpool0-0.log"

    assert home.log("customJobs", "123", "workerpool0-0") == expected


def test_the_folder_of_a_log_is_made(home: Home) -> None:
    assert home.log("customJobs", "123", "workerpool0-0").parent.is_dir()


@pytest.mark.parametrize(
    ("part", "name"),
    [("../../etc", "etc.log"), ("a/b", "a-b.log"), ("..", "unnamed.log"), ("x.log", "x.log")],
)
def test_no_log_leaves_its_folder(home: Home, part: str, name: str) -> None:
    assert home.log("tasks", part) == home.root / "logs" / "tasks" / name


@pytest.mark.parametrize("uri", ["gs://acme/data/x.npz", "/gcs/acme/data/x.npz"])
def test_a_bucket_is_a_folder_of_the_storage(home: Home, uri: str) -> None:
    assert home.path(uri) == home.storage / "acme" / "data" / "x.npz"


@pytest.mark.parametrize("uri", ["gs://acme", "gs://acme/"])
def test_a_bare_bucket_is_its_folder(home: Home, uri: str) -> None:
    assert home.path(uri) == home.storage / "acme"


@pytest.mark.parametrize("uri", ["/data/x y.npz", "file:///data/x%20y.npz"])
def test_an_absolute_path_stays(home: Home, uri: str) -> None:
    assert home.path(uri) == Path("/data/x y.npz")


@pytest.mark.parametrize(
    "uri", ["gs://acme/../other/x", "/gcs/acme/a/../../x", "gs://acme/a/..", "gs://acme/a\0b"]
)
def test_no_path_leaves_its_bucket(home: Home, uri: str) -> None:
    with pytest.raises(ApiError, match="leaves its bucket") as caught:
        home.path(uri)

    assert caught.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize("uri", ["x.npz", "https://acme.example/x", "gs://", "gs://../x", ""])
def test_an_unknown_place_is_refused(home: Home, uri: str) -> None:
    with pytest.raises(ApiError) as caught:
        home.path(uri)

    assert caught.value.message == (
        f"{uri!r} is not a place the local engine knows. Expected gs://<bucket>/<object>, "
        "/gcs/<bucket>/<object>, file:///<path> or an absolute path."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--data=gs://acme/x.npz", "--data={storage}/acme/x.npz"),
        ("gs://acme", "{storage}/acme"),
        ("/gcs/acme/x", "{storage}/acme/x"),
        (
            '{"a": "gs://acme/a", "b": ["/gcs/b-1/c"]}',
            '{"a": "{storage}/acme/a", "b": ["{storage}/b-1/c"]}',
        ),
        ("gs://a/x,gs://b/y", "{storage}/a/x,{storage}/b/y"),
        ("cp /gcs/a/x /gcs/b/", "cp {storage}/a/x {storage}/b/"),
    ],
)
def test_buckets_in_a_text_become_folders(home: Home, text: str, expected: str) -> None:
    assert home.localise(text) == expected.replace("{storage}", str(home.storage))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "/data/gcs/acme/x",
        "~/gcs/acme",
        "logs://acme",
        "https://x/gcs/y",
        "gs://",
        "/gcs/",
    ],
)
def test_other_text_is_left_alone(home: Home, text: str) -> None:
    assert home.localise(text) == text


def test_a_text_that_leaves_a_bucket_is_refused(home: Home) -> None:
    with pytest.raises(ApiError, match=r"'gs://acme/\.\./x' leaves its bucket"):
        home.localise("--data=gs://acme/../x --epochs=2")


def test_a_home_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert Home(Path("here")).root == tmp_path / "here"
