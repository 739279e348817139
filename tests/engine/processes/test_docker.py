"""Containers: against a stand-in for the `docker` program, and against Docker where it runs.

The stand-in (`docker_stand_in.py`) records the words that it is called with, and runs the command
of `docker run` as a process of this machine, with the variables of its `--env-file`. What a daemon
does, it does not: no image is used, and no path is mounted.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from itertools import pairwise
from typing import Any

import pytest

from vertex_flow.engine.processes import Container, Docker, Exit, Launcher, docker_for
from vertex_flow.errors import EngineError


def container(b: Any, *args: str, **settings: Any) -> Container:
    given = {"entrypoint": "sh", "image": "gcr.io/acme/train:1", "name": "c-1", "job": "jobs/1"}
    return Container(args=args, log=b.source.parent / "log.txt", **{**given, **settings})


async def run(b: Any, *args: str, **settings: Any) -> Exit:
    process = await Docker(b.home, b.launcher).start(container(b, *args, **settings))
    return await process.wait()


def log(b: Any) -> str:
    return (b.source.parent / "log.txt").read_text()


def after(words: list[str], option: str) -> list[str]:
    return [value for word, value in pairwise(words) if word == option]


class TestArguments:
    def test_image_and_command(self, bench, docker):
        bench(lambda b: run(b, "-c", "true"))
        words = docker()[0]
        assert words[0] == "run"
        assert words[-3:] == ["gcr.io/acme/train:1", "-c", "true"]
        assert after(words, "--entrypoint") == ["sh"]

    def test_own_entrypoint_of_an_image(self, bench, docker):
        bench(lambda b: run(b, "--epochs=1", entrypoint=""))
        assert "--entrypoint" not in docker()[0]

    def test_storage_user_network_and_labels(self, bench, docker, tmp_path):
        bench(lambda b: run(b, "-c", "true"))
        words = docker()[0]
        assert after(words, "--volume") == [f"{tmp_path}/home/storage:/gcs"]
        assert after(words, "--user") == [f"{os.getuid()}:{os.getgid()}"]
        assert after(words, "--network") == ["host"]
        assert after(words, "--name") == ["c-1"]
        assert after(words, "--label")[1] == "vertex-flow.job=jobs/1"

    def test_folders_beside_the_storage(self, bench, docker, tmp_path):
        folders = (tmp_path / "out", tmp_path / "home/storage/bucket/out")
        bench(lambda b: run(b, "-c", "true", folders=folders))
        assert after(docker()[0], "--volume")[1:] == [f"{tmp_path}/out:{tmp_path}/out"]

    def test_paths_of_the_storage_are_below_gcs(self, bench, docker, tmp_path):
        place = f"{tmp_path}/home/storage/bucket/x"
        env = {"AIP_MODEL_DIR": place, "LINES": f"one\n{place}"}

        async def body(b):
            await run(b, "-c", 'echo "$AIP_MODEL_DIR $LINES $1"', "sh", place, env=env)
            return log(b)

        assert bench(body) == "/gcs/bucket/x one\n/gcs/bucket/x /gcs/bucket/x\n"

    @pytest.mark.parametrize("secret", ["hunter2", "-----BEGIN-----\nhunter2\n-----END-----\n"])
    def test_secrets_are_no_arguments(self, bench, docker, secret):
        async def body(b):
            await run(b, "-c", 'printf %s "$PASSWORD"', env={"PASSWORD": secret})
            return log(b)

        assert bench(body) == secret
        assert not any("hunter2" in word for word in docker()[0])

    def test_what_the_engine_tells_its_processes(self, bench, docker):
        told = {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:1/s3cret", "OWN": "the engine's"}

        async def body(b):
            launcher = Launcher(b.home, told)
            line = 'echo "$STORAGE_EMULATOR_HOST $OWN"'
            process = await Docker(b.home, launcher).start(
                container(b, "-c", line, env={"OWN": "the job's"})
            )
            await process.wait()
            await launcher.close()
            return log(b)

        assert bench(body) == "http://127.0.0.1:1/s3cret the job's\n"
        assert not any("s3cret" in word for word in docker()[0])


class TestEnd:
    @pytest.mark.parametrize("code", [0, 3, 127, 137])
    def test_exit_code(self, bench, docker, code):
        assert bench(lambda b: run(b, "-c", f"exit {code}")) == Exit(code)

    def test_out_of_memory(self, bench, docker, tmp_path):
        (tmp_path / "docker" / "oom").write_text("true")
        end = bench(lambda b: run(b, "-c", "exit 137"))
        assert end == Exit(137, out_of_memory=True)

    def test_the_container_and_its_files_are_removed(self, bench, docker, tmp_path):
        bench(lambda b: run(b, "-c", "true"))
        assert docker()[-1] == ["rm", "--force", "c-1"]
        assert list((tmp_path / "home/tmp").glob("container-*")) == []

    @pytest.mark.parametrize(
        ("line", "signals"),
        [
            ("trap 'exit 9' TERM; while :; do sleep 0.02; done", 1),
            ("trap '' TERM; while :; do sleep 0.02; done", 2),
        ],
    )
    def test_cancel(self, bench, docker, line, signals):
        async def body(b):
            runner = Docker(b.home, b.launcher)
            process = await runner.start(container(b, "-c", f"echo up; {line}"))
            while not (b.source.parent / "log.txt").read_text():
                await asyncio.sleep(0.02)
            await process.terminate(grace=1)
            return process.running

        assert bench(body) is False
        kills = [words for words in docker() if words[0] == "kill"]
        assert kills == [["kill", "--signal", "TERM", "c-1"], ["kill", "c-1"]][:signals]


class TestRecover:
    def test_removes_what_a_killed_engine_left(self, bench, docker, tmp_path):
        (tmp_path / "docker" / "ps").write_text("abc\ndef\n")
        bench(lambda b: Docker(b.home, b.launcher).recover())
        first, second = docker()
        assert first[:3] == ["ps", "--all", "--quiet"]
        assert second == ["rm", "--force", "abc", "def"]

    def test_only_of_its_own_folder(self, bench, docker):
        bench(lambda b: run(b, "-c", "true"))
        bench(lambda b: Docker(b.home, b.launcher).recover())
        calls = docker()
        assert after(calls[-1], "--filter") == [f"label={after(calls[0], '--label')[0]}"]

    def test_no_daemon(self, bench, docker, tmp_path):
        (tmp_path / "docker" / "down").write_text("Cannot connect to the Docker daemon")
        with pytest.raises(EngineError) as caught:
            bench(lambda b: Docker(b.home, b.launcher).recover())
        assert str(caught.value) == (
            "the runner 'docker' needs a running Docker daemon, and `docker ps` failed: Cannot "
            "connect to the Docker daemon\nStart Docker, or choose the runner 'process'."
        )


class TestChoice:
    def test_processes_unless_told_otherwise(self, bench, monkeypatch):
        monkeypatch.delenv("VERTEX_FLOW_RUNNER", raising=False)
        assert bench(lambda b: chosen(b, None)) is None

    def test_by_the_environment(self, bench, monkeypatch):
        monkeypatch.setenv("VERTEX_FLOW_RUNNER", "docker")
        assert isinstance(bench(lambda b: chosen(b, None)), Docker)

    def test_an_argument_is_stronger(self, bench, monkeypatch):
        monkeypatch.setenv("VERTEX_FLOW_RUNNER", "docker")
        assert bench(lambda b: chosen(b, "process")) is None

    def test_unknown(self, bench):
        with pytest.raises(EngineError) as caught:
            bench(lambda b: chosen(b, "dokcer"))
        assert str(caught.value) == (
            "there is no runner 'dokcer': choose process, or docker for the images themselves. "
            "Did you mean 'docker'?"
        )


async def chosen(b: Any, runner: str | None) -> Docker | None:
    return docker_for(runner, b.home, b.launcher)


def daemon() -> bool:
    if shutil.which("docker") is None:
        return False
    words = ["docker", "image", "inspect", "busybox"]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not daemon(), reason="needs a Docker daemon that has the image busybox")
class TestRealDocker:
    def test_command_in_the_image(self, bench):
        async def body(b):
            (b.home.storage / "bucket").mkdir()
            env = {"OUT": f"{b.home.storage}/bucket/out"}
            line = "busybox | head -n 1; id -u > $OUT"
            end = await run(b, "-c", line, image="busybox", env=env)
            return end, log(b), (b.home.storage / "bucket/out").read_text()

        end, text, out = bench(body)
        assert (end, int(out)) == (Exit(0), os.getuid())
        assert text.startswith("BusyBox")

    def test_cancel(self, bench):
        async def body(b):
            runner = Docker(b.home, b.launcher)
            process = await runner.start(container(b, "-c", "echo up; sleep 600", image="busybox"))
            while "up" not in log(b):
                await asyncio.sleep(0.05)
            await process.terminate(grace=1)
            return await runner.call("ps", "--all", "--quiet", "--filter", "name=c-1")

        assert bench(body) == (0, "")
