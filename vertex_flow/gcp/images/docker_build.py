"""Images by Docker on this machine, through its command-line program."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import attrs

from vertex_flow.apis import Apis
from vertex_flow.errors import ImageBuildFailed
from vertex_flow.gcp.images.failures import BUILDKIT, ImageBuild, failure
from vertex_flow.texts import plain

_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")


@attrs.frozen
class DockerBuild:
    """Builds images with the `docker` program, and pushes them as the caller of the APIs.

    The user's own settings of Docker are used to build and are not changed: the access token that
    a push needs is in a folder of its own that is removed afterwards.

    Attributes:
        apis: Google's APIs, for an access token.
        say: Called with each line that `docker` prints.
    """

    apis: Apis
    say: Callable[[str], None]

    def run(self, build: ImageBuild) -> str:
        """Build and push an image.

        Returns:
            Its digest, `sha256:…`; empty when `docker` does not tell.

        Raises:
            ImageBuildFailed: It was not built, or not pushed.
        """
        if shutil.which("docker") is None:
            raise ImageBuildFailed(
                build.uri,
                "there is no program docker on the search path.",
                fix="install Docker, https://docs.docker.com/get-docker, or build in the cloud: "
                "build_image(..., builder='cloud').",
            )
        with tempfile.TemporaryFile() as sources:
            build.context.write(sources)
            sources.seek(0)
            words = ["build", "--platform", "linux/amd64", *build.arguments, "-"]
            self._docker(build, words, BUILDKIT, sources)
        with self._credentials(build) as environment:
            lines = self._docker(build, ["push", build.uri], environment)
            self._docker(build, ["push", build.latest], environment)
        found = [match[1] for line in lines if (match := _DIGEST.search(line))]
        return found[-1] if found else ""

    def _docker(
        self,
        build: ImageBuild,
        words: list[str],
        environment: Mapping[str, str],
        sources: IO[bytes] | None = None,
    ) -> list[str]:
        """Run `docker` and say what it prints; give that, or raise what it means."""
        lines = []
        with subprocess.Popen(  # noqa: S603 - no shell, and the words are our own
            ["docker", *words],  # noqa: S607 - the user's own
            stdin=sources or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            encoding="utf-8",
            errors="replace",
        ) as process:
            try:
                for line in process.stdout or ():
                    lines.append(line.rstrip("\n"))
                    self.say(plain(lines[-1].expandtabs()))
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            raise failure(build, lines or [f"docker {words[0]} ended with {process.returncode}"])
        return lines

    @contextmanager
    def _credentials(self, build: ImageBuild) -> Iterator[dict[str, str]]:
        """Settings of Docker that hold the caller's access token for one registry, for a while."""
        host = build.place.registry.partition("/")[0]
        secret = base64.b64encode(f"oauth2accesstoken:{self.apis.access_token()}".encode())
        with tempfile.TemporaryDirectory(prefix="vertex-flow-docker-") as folder:
            settings = Path(folder) / "config.json"
            settings.touch(mode=0o600)
            auths = {"auths": {host: {"auth": secret.decode()}}}
            settings.write_text(json.dumps(auths), encoding="utf-8")
            yield {"DOCKER_CONFIG": folder, **_daemon()}


def _daemon() -> dict[str, str]:
    """Where the daemon is that the user's settings name, which those of a push do not know."""
    if os.environ.get("DOCKER_HOST"):
        return {}
    words = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603
    host = done.stdout.strip()
    return {"DOCKER_HOST": host} if done.returncode == 0 and host else {}
