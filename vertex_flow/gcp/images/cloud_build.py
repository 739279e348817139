"""Images by Cloud Build: sources uploaded, the build followed, its log read as it is written."""

from __future__ import annotations

import base64
import hashlib
import re
import tempfile
from collections.abc import Callable
from typing import IO, Any

import attrs

from vertex_flow.apis import Apis
from vertex_flow.calls.refusals import Unreadable, object_of
from vertex_flow.commands import create_bucket, let_act_as
from vertex_flow.errors import ApiError, ImageBuildFailed, PermissionMissing
from vertex_flow.gcp.images.failures import BUILDKIT, MAY_NOT_PUSH, ImageBuild, failure
from vertex_flow.names import Resource, join_uri
from vertex_flow.texts import plain

_FOLDER = "builds"
_MARK = "vertex-flow"
_RUNNING = ("PENDING", "QUEUED", "WORKING")
_PAUSE = 2.0  # seconds between two looks
_NOTHING_NEW = (404, 416)  # the log is not there yet, or is no longer than what was read

_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")

_MAY_NOT_USE_BUCKET = (
    "{who} may not read the sources in gs://{bucket}, or not write the log there.",
    'gcloud storage buckets add-iam-policy-binding gs://{bucket} --member="{member}" '
    "--role=roles/storage.admin",
)
_ENDS = {
    "TIMEOUT": (
        "it took longer than the {seconds} s that it was given.",
        "give it more: build_image(..., timeout=SECONDS).",
    ),
    "EXPIRED": ("it waited for too long in the queue of Cloud Build.", "build the image again."),
    "CANCELLED": ("someone has cancelled it.", "build the image again."),
    "INTERNAL_ERROR": ("something went wrong in Cloud Build itself.", "build the image again."),
}
_CAUSES = {
    "PUSH_NOT_AUTHORIZED": MAY_NOT_PUSH,
    "FETCH_SOURCE_FAILED": _MAY_NOT_USE_BUCKET,
    "LOGGING_FAILURE": _MAY_NOT_USE_BUCKET,
}
# What a refusal to start a build says, what it means, and what to do.
_REFUSALS = (
    (
        "quota restrictions",
        "Cloud Build serves this project in some regions only, and not in {location}.",
        "take another location, ask Google's support, or build on this machine: "
        "build_image(..., builder='docker').",
    ),
    ("logs bucket", *_MAY_NOT_USE_BUCKET),
    (
        "act as service account",
        "the caller may not let builds run as {who}.",
        let_act_as("{who}", "{project}"),
    ),
)


@attrs.frozen
class CloudBuild:
    """Builds images with Cloud Build, in the location of the place.

    Attributes:
        apis: Google's APIs.
        say: Called with each line of the log.
        timeout: How long a build may take, in seconds.
    """

    apis: Apis
    say: Callable[[str], None]
    timeout: int

    def run(self, build: ImageBuild) -> str:
        """Build and push an image, or follow the build of the same sources that is running.

        Returns:
            Its digest, `sha256:…`; empty when Cloud Build does not tell.

        Raises:
            ImageBuildFailed: It was not built.
            ApiError: A request was refused.
        """
        started = self._running(build)
        if started is not None:
            self.say(f"the same sources are being built already: {_url(started)}")
        else:
            started = self._started(build, _upload(self.apis, build))
            self.say(f"building {build.uri} with Cloud Build: {_url(started)}")
        try:
            return _Following(self.apis, self.say, build).to_the_end(str(started["id"]))
        except KeyboardInterrupt:
            self._say_that_it_goes_on(build, started)
            raise

    def _running(self, build: ImageBuild) -> dict[str, Any] | None:
        return _unfinished(build, self.apis.send(self._listing(build)))

    def _listing(self, build: ImageBuild) -> Any:
        tagged = f'tags="{build.context.tag}"'
        return self._builds.list(parent=build.place.parent, filter=tagged, pageSize=50)

    def _started(self, build: ImageBuild, source: dict[str, Any]) -> dict[str, Any]:
        """Start a build, and no second one where only the answer was lost."""
        create = self._builds.create(parent=build.place.parent, body=self._message(build, source))
        asked = False

        def start() -> dict[str, Any]:
            nonlocal asked
            listed = object_of(self._listing(build).execute()) if asked else {}
            asked = True
            return _unfinished(build, listed) or _begun(create.execute())

        try:
            return self.apis.sent(start, create.uri.partition("?")[0])
        except ApiError as error:
            for words, cause, fix in _REFUSALS:
                if words in error.message:
                    raise failure(
                        build, [error.message], member=_member(build, {}), otherwise=(cause, fix)
                    ) from error
            raise

    def _message(self, build: ImageBuild, source: dict[str, Any]) -> dict[str, Any]:
        place = build.place
        step = {
            "id": "build",
            "name": "gcr.io/cloud-builders/docker",
            # What some Dockerfiles need, and this builder does not turn on by itself.
            "env": ["DOCKER_BUILDKIT=1", *map("=".join, BUILDKIT.items())],
            "args": ["build", *build.arguments, "."],
        }
        message: dict[str, Any] = {
            "source": {"storageSource": source},
            "steps": [step],
            "images": [build.uri, build.latest],
            "timeout": f"{self.timeout}s",
            "tags": [_MARK, build.context.tag, *map(".".join, place.labels.items())],
            "options": {"logging": "GCS_ONLY", "logStreamingOption": "STREAM_ON"},
            "logsBucket": f"gs://{place.bucket}/{_FOLDER}/logs",
        }
        if place.service_account:
            account = f"projects/{place.project}/serviceAccounts/{place.service_account}"
            message["serviceAccount"] = account
        return message

    def _say_that_it_goes_on(self, build: ImageBuild, started: dict[str, Any]) -> None:
        words = f"{started['id']} --region={build.place.location} --project={build.place.project}"
        for line in (
            "the build goes on in the cloud. To follow it, call build_image again, or:",
            f"  gcloud builds log --stream {words}",
            "To cancel it:",
            f"  gcloud builds cancel {words}",
        ):
            self.say(plain(line))

    @property
    def _builds(self) -> Any:
        return self.apis.builds.projects().locations().builds()


class _Following:
    """A build that is followed to its end."""

    def __init__(self, apis: Apis, say: Callable[[str], None], build: ImageBuild) -> None:
        self._apis = apis
        self._say = say
        self._build = build
        self._lines: list[str] = []
        self._read = 0  # bytes of the log
        self._rest = b""
        self._readable = True

    def to_the_end(self, id: str) -> str:
        place = self._build.place
        name = str(Resource(place.project, place.location, "builds", id))
        builds = self._apis.builds.projects().locations().builds()
        while True:
            seen = self._apis.send(builds.get(name=name))
            self._show_log(seen)
            if seen.get("status") not in _RUNNING:
                break
            self._apis.patience.sleep(_PAUSE)
        if self._rest:
            self._show(self._rest)
        if seen.get("status") != "SUCCESS":
            raise _failed(self._build, seen, self._lines)
        images = seen.get("results", {}).get("images", [])
        digests = [one.get("digest", "") for one in images if one.get("name") == self._build.uri]
        return str(digests[0]) if digests else ""

    def _show_log(self, seen: dict[str, Any]) -> None:
        *lines, self._rest = (self._rest + self._new_bytes(seen)).split(b"\n")
        for line in lines:
            self._show(line)

    def _show(self, line: bytes) -> None:
        # A progress bar is written over itself: what counts is how it ended.
        text = line.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2]
        self._lines.append(text)
        self._say(plain(text.expandtabs()))

    def _new_bytes(self, seen: dict[str, Any]) -> bytes:
        bucket, _, folder = str(seen.get("logsBucket", "")).removeprefix("gs://").partition("/")
        if not bucket or not self._readable:
            return b""
        blob = self._apis.storage.bucket(bucket).blob(join_uri(folder, f"log-{seen.get('id')}.txt"))
        try:
            found = self._apis.sent(
                lambda: blob.download_as_bytes(start=self._read, raw_download=True, retry=None),
                f"gs://{bucket}",
            )
        except ApiError as error:
            if error.code in _NOTHING_NEW:
                return b""
            if not isinstance(error, PermissionMissing):
                raise
            self._readable = False
            self._say(plain(f"the log cannot be read here: {error.message}"))
            return b""
        self._read += len(found)
        return bytes(found)


def _upload(apis: Apis, build: ImageBuild) -> dict[str, Any]:
    """Put the sources into the bucket, unless they are there."""
    bucket = apis.storage.bucket(build.place.bucket)
    name = f"{_FOLDER}/{build.context.tag}.tar.gz"
    with tempfile.TemporaryFile() as file:
        build.context.write(file)
        file.seek(0)
        digest = _md5(file)
        try:
            blob = apis.sent(lambda: bucket.get_blob(name, retry=None), f"gs://{bucket.name}")
            if blob is None or blob.md5_hash != digest:
                blob = bucket.blob(name)
                apis.sent(
                    lambda: blob.upload_from_file(file, rewind=True, retry=None),
                    f"gs://{bucket.name}",
                )
        except ApiError as error:
            if error.code != 404:
                raise
            raise ApiError(
                404,
                error.status,
                error.message,
                cause=f"there is no bucket gs://{bucket.name}; GcpContext.setup() makes it.",
                fix=create_bucket(bucket.name, build.place.project, build.place.location),
            ) from error
    return {"bucket": bucket.name, "object": name, "generation": str(blob.generation)}


def _md5(file: IO[bytes]) -> str:
    """MD5 of a file, as Cloud Storage tells it."""
    file.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while piece := file.read(1 << 20):
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


def _begun(operation: Any) -> dict[str, Any]:
    """The build of an operation that was just begun."""
    begun = object_of(object_of(object_of(operation).get("metadata")).get("build"))
    if not begun.get("id"):
        raise Unreadable("it names no build")
    return begun


def _unfinished(build: ImageBuild, listed: dict[str, Any]) -> dict[str, Any] | None:
    """A build of the same image that has not ended, among those with its tag."""
    found = [one for one in listed.get("builds", []) if build.uri in one.get("images", [])]
    return next((dict(one) for one in found if one.get("status") in _RUNNING), None)


def _failed(build: ImageBuild, seen: dict[str, Any], lines: list[str]) -> ImageBuildFailed:
    """Explain a build that has ended otherwise than well."""
    status, info = str(seen.get("status")), seen.get("failureInfo", {})
    said = [str(one) for one in (seen.get("statusDetail"), info.get("detail")) if one]
    cause, fix = _CAUSES.get(str(info.get("type")), ("", ""))
    if status in _ENDS:
        cause, fix = _ENDS[status]
        lines, said = [], said or [f"Cloud Build ended it as {status}."]
    return failure(
        build,
        [*lines, *said],
        member=_member(build, seen),
        otherwise=(cause.replace("{seconds}", str(seen.get("timeout", "")).rstrip("s")), fix),
        logs_uri=seen.get("logUrl"),
    )


def _member(build: ImageBuild, seen: dict[str, Any]) -> str:
    """Who builds, as in an IAM policy."""
    said = str(seen.get("serviceAccount") or "").rpartition("/")[2]
    known = said if _ADDRESS.fullmatch(said) else build.place.service_account
    return f"serviceAccount:{known or 'ACCOUNT'}"


def _url(started: dict[str, Any]) -> str:
    return plain(str(started.get("logUrl") or started["id"]))
