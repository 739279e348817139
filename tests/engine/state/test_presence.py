from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from vertex_flow._version import __version__
from vertex_flow.engine.state import presence
from vertex_flow.engine.state.home import Home

URL = "http://127.0.0.1:1234"


def test_what_an_engine_says_of_itself(home: Home) -> None:
    home.acquire()
    home.publish(URL, parent=7, standing=True)
    found = presence.read(home.root)
    home.release()

    assert found is not None
    assert found[:5] == (URL, os.getpid(), 7, True, __version__)
    age = datetime.now(timezone.utc) - datetime.fromisoformat(found.started)
    assert timedelta(0) <= age < timedelta(minutes=5)


def test_a_free_folder_says_nothing(home: Home) -> None:
    assert presence.read(home.root) is None


def test_an_engine_that_is_about_to_start_says_nothing(home: Home) -> None:
    home.acquire()
    found = presence.read(home.root)
    home.release()

    assert found is None


def test_what_a_killed_engine_has_left_is_not_believed(home: Home) -> None:
    home.publish(URL)

    assert presence.read(home.root) is None


def test_what_another_process_has_left_is_not_believed(home: Home) -> None:
    home.publish(URL)
    file = home.root / "engine.json"
    left = {**json.loads(file.read_text()), "pid": os.getpid() + 1}
    home.acquire()
    file.write_text(json.dumps(left))
    found = presence.read(home.root)
    home.release()

    assert found is None


def test_taking_the_folder_clears_what_a_killed_engine_said(home: Home) -> None:
    home.publish(URL)
    home.acquire()
    home.release()

    assert not (home.root / "engine.json").exists()


def test_a_file_that_is_no_engines_is_not_believed(home: Home) -> None:
    home.acquire()
    (home.root / "engine.json").write_text('{"endpoint": "http://127.0.0.1:1"}')
    found = presence.read(home.root)
    home.release()

    assert found is None


@pytest.mark.parametrize(
    "endpoint", ["http://evil.example:80", "file:///etc", "http://127.0.0.1:x", "", 5, None]
)
def test_an_address_that_is_no_engines_is_not_believed(home: Home, endpoint: object) -> None:
    home.acquire()
    home.publish(URL)
    file = home.root / "engine.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "endpoint": endpoint}))
    found = presence.read(home.root)
    home.release()

    assert found is None


def test_a_file_nested_too_deep_is_not_believed(home: Home) -> None:
    home.acquire()
    (home.root / "engine.json").write_text("[" * 100_000)
    found = presence.read(home.root)
    home.release()

    assert found is None


def test_a_folder_is_held_by_its_process(home: Home) -> None:
    home.acquire()
    held = presence.held_by(home.root)
    home.release()

    assert held == os.getpid()


def test_a_released_folder_is_held_by_nobody(home: Home) -> None:
    home.acquire()
    home.release()

    assert (presence.is_held(home.root), presence.held_by(home.root)) == (False, None)


def test_looking_does_not_keep_an_engine_from_starting(home: Home) -> None:
    code = (
        "import pathlib, sys\nfrom vertex_flow.engine.state import presence\n"
        "print('looking', flush=True)\nwhile True: presence.is_held(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(home.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as looker:
        assert looker.stdout is not None
        looker.stdout.readline()
        try:
            for _ in range(5):
                home.acquire()
                home.release()
        finally:
            looker.kill()
