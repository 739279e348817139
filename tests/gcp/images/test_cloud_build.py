"""Cloud Build: what is sent, what is said, and how a build ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from tests.cloud.building import ACCOUNT, CREATE, GET, REGISTRY, Bench
from tests.cloud.cloud_build import Script
from tests.cloud.fake import Cut, Refused
from tests.loopback import Loopback, error, serving
from vertex_flow import Trainer
from vertex_flow.commands import create_bucket
from vertex_flow.errors import ApiError, ImageBuildFailed, PermissionMissing
from vertex_flow.gcp.images.build_context import collect

URL = "https://console.cloud.google.com/cloud-build/builds/00000000-0000-4000-8000-000000000000"
BUSY = Refused(503, "UNAVAILABLE", "try again")


def tag(b: Bench) -> str:
    return collect(b.trainer).tag


def failed(b: Bench, *log: bytes, **end: Any) -> ImageBuildFailed:
    b.builds.script = Script(log, {"status": "FAILURE", **end})
    with pytest.raises(ImageBuildFailed) as caught:
        b.build()
    return caught.value


def test_the_message(b: Bench) -> None:
    b.build()
    message = dict(b.asked(CREATE)[0].body)
    source = message.pop("source")["storageSource"]
    assert source.pop("generation").isdigit()
    assert source == {"bucket": b.bucket.name, "object": f"builds/{tag(b)}.tar.gz"}
    image, latest = f"{REGISTRY}/trainer:{tag(b)}", f"{REGISTRY}/trainer:latest"
    words = ["build", "--file", "Dockerfile", "--tag", image, "--tag", latest, "."]
    assert message == {
        "steps": [
            {
                "id": "build",
                "name": "gcr.io/cloud-builders/docker",
                "env": [
                    "DOCKER_BUILDKIT=1",
                    "BUILDKIT_PROGRESS=plain",
                    "BUILDX_NO_DEFAULT_ATTESTATIONS=1",
                ],
                "args": words,
            }
        ],
        "images": [image, latest],
        "timeout": "3600s",
        "tags": ["vertex-flow", tag(b), "team.vision"],
        "options": {"logging": "GCS_ONLY", "logStreamingOption": "STREAM_ON"},
        "logsBucket": f"gs://{b.bucket.name}/builds/logs",
        "serviceAccount": f"projects/acme/serviceAccounts/{ACCOUNT}",
    }


def test_where_it_is_built(b: Bench) -> None:
    b.build()
    assert b.asked(CREATE)[0].parts == ("acme", "europe-west4")


def test_the_default_account_is_not_named(b: Bench) -> None:

    b.place = attrs.evolve(b.place, service_account="")
    b.build()
    assert "serviceAccount" not in b.asked(CREATE)[0].body


def test_a_base_image(b: Bench) -> None:
    (b.folder / "Dockerfile").write_text("ARG BASE=x\nFROM ${BASE}\n")
    b.build(Trainer(module="learner.task", source=str(b.folder), base_image="acme/base:1"))
    words = b.asked(CREATE)[0].body["steps"][0]["args"]
    assert words[-3:] == ["--build-arg", "BASE=acme/base:1", "."]


def test_the_sources_are_in_the_bucket(b: Bench) -> None:
    b.build()
    (build,) = b.builds.builds.values()
    with b.builds.archive(build) as archive:
        assert archive.getnames() == ["learner", "Dockerfile", "learner/task.py"]


def test_the_same_sources_are_not_uploaded_again(b: Bench) -> None:
    failed(b, b"ERROR: no\n")
    file = b.bucket / "builds" / f"{tag(b)}.tar.gz"
    before = file.stat()
    b.builds.script = Script()
    b.build()
    after = file.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_someone_else_has_put_there_is_replaced(b: Bench) -> None:
    (b.bucket / "builds").mkdir()
    (b.bucket / "builds" / f"{tag(b)}.tar.gz").write_bytes(b"something else")
    b.build()
    (build,) = b.builds.builds.values()
    with b.builds.archive(build) as archive:
        assert "learner/task.py" in archive.getnames()


def test_sources_of_many_megabytes(b: Bench) -> None:
    (b.folder / "learner" / "big").write_bytes(os.urandom(1 << 20) * 12)
    b.build()
    (build,) = b.builds.builds.values()
    with b.builds.archive(build) as archive:
        assert archive.getmember("learner/big").size == 12 << 20


def test_the_digest_is_that_of_the_build(b: Bench) -> None:
    uri = b.build()
    (build,) = b.builds.builds.values()
    assert uri == f"{REGISTRY}/trainer@{build['results']['images'][0]['digest']}"


def test_a_digest_that_the_build_does_not_tell_is_looked_up(b: Bench) -> None:
    b.builds.script = Script(end={"status": "SUCCESS", "results": {}})
    uri = b.build()
    assert uri.partition("@")[2] in b.images.tags.values()


def test_each_line_of_the_log_is_said_as_it_comes(b: Bench) -> None:
    b.builds.script = Script((b"one\ntw", b"o\n", b"", b"three\nlast"))
    b.build()
    image = f"{REGISTRY}/trainer:{tag(b)}"
    assert b.said == [f"building {image} with Cloud Build: {URL}", "one", "two", "three", "last"]
    assert b.pauses == [2.0] * 4


def test_letters_that_come_in_two_pieces(b: Bench) -> None:
    text = "dätä\n".encode()
    b.builds.script = Script((text[:2], text[2:], b"\xff\n"))
    b.build()
    assert b.said[1:] == ["dätä", "\ufffd"]


def test_what_a_terminal_would_obey_is_written_out(b: Bench) -> None:
    b.builds.script = Script((b"\x1b[31mred\x1b[0m\x07\n", b" 10%\r 90%\r100%\r\n"))
    b.build()
    assert b.said[1:] == [r"\x1b[31mred\x1b[0m\x07", "100%"]


def test_a_build_without_a_log(b: Bench) -> None:
    b.builds.script = Script(())
    b.build()
    assert len(b.said) == 1


def test_a_build_that_runs_already_is_joined(b: Bench) -> None:
    b.build()
    (first,) = b.builds.builds.values()
    b.images.tags.clear()
    b.said.clear()
    b.builds.script = Script((b"one\n", b"two\n"))
    running = {key: first[key] for key in ("source", "steps", "images", "tags", "logsBucket")}
    b.builds.start(running)
    b.build()
    assert len(b.asked(CREATE)) == 1
    assert b.said == [
        f"the same sources are being built already: {URL[:-1]}1",
        "one",
        "two",
    ]


def test_a_running_build_of_another_place_is_not_joined(b: Bench) -> None:
    b.builds.start({"tags": [tag(b)], "images": ["elsewhere/trainer:latest"]})
    b.build()
    assert len(b.asked(CREATE)) == 1


def test_a_build_that_has_failed_is_not_joined(b: Bench) -> None:
    failed(b)
    b.builds.script = Script()
    b.build()
    assert len(b.asked(CREATE)) == 2


def test_a_build_is_not_started_twice_when_its_answer_is_lost(b: Bench) -> None:
    b.builds.lost = 1
    b.build()
    assert len(b.asked(CREATE)) == 1


@pytest.mark.parametrize("trouble", [BUSY, Cut()], ids=repr)
def test_troubles_on_the_way(b: Bench, trouble: Exception) -> None:
    b.cloud.trouble(CREATE, trouble)
    b.cloud.trouble(GET, trouble, trouble)
    b.build()
    assert len(b.builds.builds) == 1


def test_interrupted_it_goes_on_and_says_how(b: Bench) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    b.apis.patience = type(b.apis.patience)(sleep=interrupt)
    with pytest.raises(KeyboardInterrupt):
        b.build()
    (build,) = b.builds.builds.values()
    words = f"{build['id']} --region=europe-west4 --project=acme"
    assert b.said[-4:] == [
        "the build goes on in the cloud. To follow it, call build_image again, or:",
        f"  gcloud builds log --stream {words}",
        "To cancel it:",
        f"  gcloud builds cancel {words}",
    ]


@contextmanager
def other_storage(b: Bench) -> Iterator[Loopback]:
    """A Cloud Storage that answers as a test says, and a build that runs and needs no upload."""
    with serving() as storage:
        b.apis = attrs.evolve(b.apis, endpoints={**b.apis.endpoints, "storage": storage.url})
        with b.apis:
            yield storage


class TestLogThatCannotBeRead:
    @pytest.fixture
    def log(self, b: Bench) -> str:
        """The path of the log of a build that is running already."""
        logs = f"gs://{b.bucket.name}/builds/logs"
        image = f"{REGISTRY}/trainer:{tag(b)}"
        context = collect(b.trainer)
        with (b.bucket / "sources.tar.gz").open("wb") as file:
            context.write(file)
        build = b.builds.start(
            {
                "source": {"storageSource": {"bucket": b.bucket.name, "object": "sources.tar.gz"}},
                "steps": [{"args": ["build", "--file", "Dockerfile"]}],
                "images": [image],
                "tags": [tag(b)],
                "logsBucket": logs,
            }
        )
        return f"/download/storage/v1/b/{b.bucket.name}/o/builds/logs/log-{build['id']}.txt"

    def test_it_is_said_once_and_the_build_is_followed(self, b: Bench, log: str) -> None:
        words = "robot does not have storage.objects.get access to the object."
        with other_storage(b) as storage:
            storage.on(f"GET {log}", error(403, "PERMISSION_DENIED", words), code=403)
            uri = b.build()
        assert uri.startswith(f"{REGISTRY}/trainer@sha256:")
        assert b.said[1:] == [f"the log cannot be read here: {words}"]

    def test_another_refusal_ends_it(self, b: Bench, log: str) -> None:
        with other_storage(b) as storage:
            storage.on(f"GET {log}", error(400, "INVALID_ARGUMENT", "no"), code=400)
            with pytest.raises(ApiError) as caught:
                b.build()
        assert str(caught.value) == "400 INVALID_ARGUMENT: no"


def test_sources_that_may_not_be_put_into_the_bucket(b: Bench) -> None:
    path = f"/storage/v1/b/{b.bucket.name}/o/builds/{tag(b)}.tar.gz"
    words = "robot does not have storage.objects.get access to the object."
    with other_storage(b) as storage:
        storage.on(f"GET {path}", error(403, "PERMISSION_DENIED", words), code=403)
        with pytest.raises(PermissionMissing) as caught:
            b.build()
    assert caught.value.permission == "storage.objects.get"


class TestFailures:
    def test_the_first_error_cause_fix_and_log(self, b: Bench) -> None:
        error = failed(
            b,
            b'Step #0 - "build": #8 [4/5] RUN pip install\n',
            b'Step #0 - "build": #8 1.204 ERROR: No matching distribution found for numpyy\n',
            b"ERROR: build step 0 failed\n",
        )
        image = f"{REGISTRY}/trainer:{tag(b)}"
        assert str(error) == (
            f"{image} was not built: ERROR: No matching distribution found for numpyy\n"
            "  Cause: for the Python of the base image pip finds no numpyy.\n"
            "  Fix: correct the requirements, or take another base image.\n"
            f"  Log: {URL}"
        )
        assert (error.image, error.logs_uri) == (image, URL)

    def test_who_may_not_push(self, b: Bench) -> None:
        error = failed(
            b,
            b"denied: Permission 'artifactregistry.repositories.uploadArtifacts' denied on "
            b"resource (or it may not exist).\n",
            failureInfo={"type": "PUSH_FAILED", "detail": "Unable to push the image"},
        )
        assert error.cause == f"{ACCOUNT} may not push to the repository vertex-flow."
        assert error.fix == (
            "gcloud artifacts repositories add-iam-policy-binding vertex-flow "
            f'--location=europe-west4 --project=acme --member="serviceAccount:{ACCOUNT}" '
            "--role=roles/artifactregistry.writer"
        )

    @pytest.mark.parametrize(
        ("kind", "cause"),
        [
            ("PUSH_NOT_AUTHORIZED", f"{ACCOUNT} may not push to the repository vertex-flow."),
            (
                "FETCH_SOURCE_FAILED",
                f"{ACCOUNT} may not read the sources in gs://BUCKET, or not write the log there.",
            ),
            ("USER_BUILD_STEP", ""),
        ],
    )
    def test_what_cloud_build_says_it_is(self, b: Bench, kind: str, cause: str) -> None:
        error = failed(b, failureInfo={"type": kind, "detail": "it is so"})
        assert (error.reason, error.cause) == ("it is so", cause.replace("BUCKET", b.bucket.name))

    @pytest.mark.parametrize(
        ("status", "cause", "fix"),
        [
            (
                "TIMEOUT",
                "it took longer than the 3600 s that it was given.",
                "give it more: build_image(..., timeout=SECONDS).",
            ),
            (
                "EXPIRED",
                "it waited for too long in the queue of Cloud Build.",
                "build the image again.",
            ),
            ("CANCELLED", "someone has cancelled it.", "build the image again."),
            (
                "INTERNAL_ERROR",
                "something went wrong in Cloud Build itself.",
                "build the image again.",
            ),
        ],
    )
    def test_other_ends(self, b: Bench, status: str, cause: str, fix: str) -> None:
        error = failed(b, b"ERROR: something in the log\n", status=status)
        assert error.reason == f"Cloud Build ended it as {status}."
        assert (error.cause, error.fix) == (cause, fix)

    def test_the_account_that_the_build_names(self, b: Bench) -> None:
        account = "projects/acme/serviceAccounts/other@acme.iam.gserviceaccount.com"
        info = {"type": "PUSH_NOT_AUTHORIZED", "detail": "no"}
        error = failed(b, serviceAccount=account, failureInfo=info)
        assert error.cause.startswith("other@acme.iam.gserviceaccount.com may not push")

    def test_no_bucket(self, b: Bench) -> None:
        b.bucket.rmdir()
        with pytest.raises(ApiError) as caught:
            b.build()
        assert caught.value.code == 404
        assert caught.value.cause == (
            f"there is no bucket gs://{b.bucket.name}; GcpContext.setup() makes it."
        )
        assert caught.value.fix == create_bucket(b.bucket.name, "acme", "europe-west4")

    @pytest.mark.parametrize(
        ("refusal", "cause", "fix"),
        [
            (
                "failed precondition: due to quota restrictions, cannot run builds in this region.",
                "Cloud Build serves this project in some regions only, and not in europe-west4.",
                "take another location, ask Google's support, or build on this machine: "
                "build_image(..., builder='docker').",
            ),
            (
                "invalid logs bucket: builder service account does not have access to logs bucket",
                f"{ACCOUNT} may not read the sources in gs://BUCKET, or not write the log there.",
                "gcloud storage buckets add-iam-policy-binding gs://BUCKET "
                f'--member="serviceAccount:{ACCOUNT}" --role=roles/storage.admin',
            ),
            (
                f"caller does not have permission to act as service account {ACCOUNT}",
                f"the caller may not let builds run as {ACCOUNT}.",
                f"gcloud iam service-accounts add-iam-policy-binding {ACCOUNT} --project=acme "
                '--member="user:$(gcloud config get account)" '
                "--role=roles/iam.serviceAccountUser",
            ),
        ],
    )
    def test_a_build_that_is_not_taken(self, b: Bench, refusal: str, cause: str, fix: str) -> None:
        b.cloud.trouble(CREATE, Refused(400, "FAILED_PRECONDITION", refusal))
        with pytest.raises(ImageBuildFailed) as caught:
            b.build()
        assert caught.value.reason == refusal
        assert caught.value.cause == cause.replace("BUCKET", b.bucket.name)
        assert caught.value.fix == fix.replace("BUCKET", b.bucket.name)

    def test_another_refusal_is_the_services_own(self, b: Bench) -> None:
        b.cloud.trouble(CREATE, Refused(400, "INVALID_ARGUMENT", "no"))
        with pytest.raises(ApiError) as caught:
            b.build()
        assert str(caught.value) == "400 INVALID_ARGUMENT: no"


def test_a_fix_names_no_account_that_a_shell_would_obey(b: Bench) -> None:
    account = "projects/acme/serviceAccounts/$(touch x)@acme"
    error = failed(b, serviceAccount=account, failureInfo={"type": "PUSH_NOT_AUTHORIZED"})
    assert f'--member="serviceAccount:{ACCOUNT}"' in error.fix


def test_a_build_that_is_not_named_is_found_and_followed(
    b: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = b.cloud.answer

    def nameless(verb: str, url: str, token: str, body: Any) -> dict[str, Any]:
        found = answer(verb, url, token, body)
        return {"metadata": {}} if "metadata" in found else found

    monkeypatch.setattr(b.cloud, "answer", nameless)
    assert b.build().startswith(f"{REGISTRY}/trainer@sha256:")
    assert len(b.asked(CREATE)) == 1
