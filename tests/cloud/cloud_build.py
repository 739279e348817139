"""Cloud Build: a build goes one step further each time that it is asked for."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from tests.cloud.docker_images import DockerImages
from tests.cloud.fake import Asked, FakeCloud, Refused

_BUILDS = "cloudbuild.projects.locations.builds"
_FILTER = re.compile(r'tags="([\w.-]+)"')
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


@attrs.define
class Script:
    """How the next build goes.

    Attributes:
        log: What it writes to its log, a piece each time that it is asked for.
        end: What it ends with: `status`, and what else the build has then.
    """

    log: Sequence[bytes] = (b"Step 1/2 : FROM base\n", b"Successfully built\n")
    end: dict[str, Any] = attrs.field(factory=lambda: {"status": "SUCCESS"})


class CloudBuildFake:
    """The builds of a project.

    Attributes:
        buckets: Folder that holds a folder for each bucket.
        images: Where images are pushed to.
        builds: Every build, by id.
        script: How the next build goes.
        lost: How many of the next creations lose their answer.
    """

    def __init__(self, buckets: Path, images: DockerImages) -> None:
        self.buckets = buckets
        self.images = images
        self.builds: dict[str, dict[str, Any]] = {}
        self.script = Script()
        self.lost = 0
        self._scripts: dict[str, Script] = {}

    def serve(self, cloud: FakeCloud) -> None:
        """Serve them."""
        methods = {"create": self._create, "get": self._get, "list": self._list}
        cloud.serve("cloudbuild.v1", {f"{_BUILDS}.{name}": one for name, one in methods.items()})

    def archive(self, build: dict[str, Any]) -> tarfile.TarFile:
        """The sources that a build was given."""
        source = build["source"]["storageSource"]
        file = self.buckets / source["bucket"] / source["object"]
        return tarfile.open(fileobj=io.BytesIO(file.read_bytes()), mode="r:gz")

    def start(self, message: dict[str, Any]) -> dict[str, Any]:
        """Start a build."""
        number = f"00000000-0000-4000-8000-{len(self.builds):012d}"
        url = f"https://console.cloud.google.com/cloud-build/builds/{number}"
        build = {**message, "id": number, "status": "QUEUED", "logUrl": url}
        self.builds[number] = build
        self._scripts[number] = Script(list(self.script.log), dict(self.script.end))
        return build

    def _create(self, asked: Asked) -> dict[str, Any]:
        message = dict(asked.body)
        _check(message)
        build = self.start(message)
        if self.lost:
            self.lost -= 1
            raise Refused(503, "UNAVAILABLE", "try again")
        kind = "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata"
        return {
            "name": f"operations/build/acme/{build['id']}",
            "metadata": {"@type": kind, "build": build},
        }

    def _get(self, asked: Asked) -> dict[str, Any]:
        if asked.parts[2] not in self.builds:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        self._go_on(self.builds[asked.parts[2]])
        return self.builds[asked.parts[2]]

    def _list(self, asked: Asked) -> dict[str, Any]:
        tag = _FILTER.fullmatch(asked.query.get("filter", ""))
        if tag is None:
            raise Refused(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        found = [one for one in self.builds.values() if tag[1] in one.get("tags", [])]
        return {"builds": found[::-1]}

    def _go_on(self, build: dict[str, Any]) -> None:
        script = self._scripts[build["id"]]
        if build["status"] not in ("QUEUED", "WORKING"):
            return
        build["status"] = "WORKING"
        if script.log:
            piece, *script.log = script.log
            self._write(build, piece)
            return
        build.update(script.end)
        if build["status"] == "SUCCESS":
            self._push(build)

    def _write(self, build: dict[str, Any], piece: bytes) -> None:
        folder = self.buckets / build["logsBucket"].removeprefix("gs://")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"log-{build['id']}.txt").open("ab") as file:
            file.write(piece)

    def _push(self, build: dict[str, Any]) -> None:
        words = build["steps"][0]["args"]
        with self.archive(build) as archive:
            archive.getmember(words[words.index("--file") + 1])
            names = [f"{one.name} {one.chksum}" for one in archive]
        digest = f"sha256:{hashlib.sha256(repr((names, words)).encode()).hexdigest()}"
        for uri in build["images"]:
            self.images.push(uri, digest)
        if "results" in build:
            return
        build["results"] = {"images": [{"name": uri, "digest": digest} for uri in build["images"]]}


def _check(message: dict[str, Any]) -> None:
    """Refuse what Cloud Build refuses."""
    if message.get("serviceAccount") and not message.get("logsBucket"):
        words = (
            "if 'build.service_account' is specified, the build must either (a) specify "
            "'build.logs_bucket', (b) use the REGIONAL_USER_OWNED_BUCKET "
            "build.options.default_logs_bucket_behavior option, or (c) use either "
            "CLOUD_LOGGING_ONLY / NONE logging options: invalid argument"
        )
        raise Refused(400, "INVALID_ARGUMENT", words)
    bad = [tag for tag in message.get("tags", []) if not _TAG.fullmatch(tag)]
    if bad or not message.get("steps"):
        raise Refused(400, "INVALID_ARGUMENT", f"invalid build: {bad}")
