"""Training images: built once, and found again by their sources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud.building import CREATE, REGISTRY, Bench
from tests.cloud.cloud_build import Script
from tests.cloud.fake import Refused
from vertex_flow import Trainer
from vertex_flow.errors import PermissionMissing, SettingError
from vertex_flow.gcp.images.build_context import collect

TAGS = "artifactregistry.projects.locations.repositories.packages.tags.get"


def refused(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(SettingError) as caught:
        call(*args, **options)
    return str(caught.value)


class TestBuild:
    def test_a_second_build_sends_nothing(self, b: Bench) -> None:
        first = b.build()
        b.cloud.asked.clear()
        b.said.clear()
        assert b.build() == first
        assert [one.method for one in b.cloud.asked] == [TAGS]
        assert b.said == [f"{REGISTRY}/trainer:{collect(b.trainer).tag} is there already"]

    def test_a_change_is_built(self, b: Bench) -> None:
        first = b.build()
        (b.folder / "learner" / "task.py").write_text("print(2)\n")
        assert b.build() != first

    def test_what_was_built_before_is_found_when_a_change_is_undone(self, b: Bench) -> None:
        first = b.build()
        (b.folder / "learner" / "task.py").write_text("print(2)\n")
        b.build()
        (b.folder / "learner" / "task.py").write_text("print(1)\n")
        assert (b.build(), len(b.asked(CREATE))) == (first, 2)

    def test_the_newest_is_also_the_latest(self, b: Bench) -> None:
        uri = b.build()
        package = "projects/acme/locations/europe-west4/repositories/vertex-flow/packages/trainer"
        assert b.images.tags[package, "latest"] == uri.partition("@")[2]

    def test_secrets_are_named_and_not_sent(self, b: Bench) -> None:
        (b.folder / "Dockerfile").write_text("FROM base\nCOPY . /app\n")
        (b.folder / ".dockerignore").write_text("*\n!**\n!.env\n!.git\n")
        (b.folder / ".env").write_text("PASSWORD=hunter2\n")
        (b.folder / "learner" / "\x1b[31m.pem").write_text("x")
        (b.folder / ".git").mkdir()
        (b.folder / ".git" / "HEAD").write_text("x")
        b.build()
        assert b.said[:2] == [
            "left out, since it may hold secrets: .env",
            r"left out, since it may hold secrets: learner/\x1b[31m.pem",
        ]
        (build,) = b.builds.builds.values()
        with b.builds.archive(build) as archive:
            assert archive.getnames() == ["learner", "Dockerfile", "learner/task.py"]

    def test_no_repository(self, b: Bench) -> None:
        b.repositories.clear()
        assert refused(b.build) == (
            "there is no repository 'vertex-flow' in europe-west4 of project acme to push the "
            "image to. GcpContext.setup() makes it, or:\n"
            "  gcloud artifacts repositories create vertex-flow --repository-format=docker "
            "--location=europe-west4 --project=acme"
        )

    def test_too_much(self, b: Bench) -> None:
        (b.folder / "learner" / "big").write_bytes(b"x" * 1_500_000)
        assert "more than 1 MB" in refused(b.build, max_mb=1)
        assert b.cloud.asked == []

    @pytest.mark.parametrize(
        ("builder", "hint"), [("clowd", " Did you mean 'cloud'?"), ("", ""), (None, ""), (1, "")]
    )
    def test_no_such_builder(self, b: Bench, builder: Any, hint: str) -> None:
        assert refused(b.build, builder=builder) == (
            f"build_image(builder={builder!r}): use 'cloud' or 'docker'.{hint}"
        )

    @pytest.mark.parametrize("trainer", ["trainer.task", b"trainer", 1, ["trainer.task"]])
    def test_no_trainer(self, b: Bench, trainer: Any) -> None:
        assert refused(b.build, trainer) == (
            f"build_image({trainer!r}): expected a Trainer: Trainer(module='trainer.task')."
        )

    @pytest.mark.parametrize("value", [0, -1, 86_401, 1.5, "60", True, None])
    def test_a_time_is_a_number_of_seconds(self, b: Bench, value: Any) -> None:
        assert refused(b.build, timeout=value) == (
            f"build_image(timeout={value!r}): expected a whole number from 1 to 86400."
        )

    @pytest.mark.parametrize("value", [0, 1_000_001, "1"])
    def test_a_size_is_a_number_of_megabytes(self, b: Bench, value: Any) -> None:
        assert refused(b.build, max_mb=value) == (
            f"build_image(max_mb={value!r}): expected a whole number from 1 to 1000000."
        )

    def test_a_permission_that_is_missing(self, b: Bench) -> None:
        words = "Permission 'artifactregistry.tags.get' denied on resource (or it may not exist)."
        b.cloud.trouble(TAGS, Refused(403, "PERMISSION_DENIED", words))
        with pytest.raises(PermissionMissing) as caught:
            b.build()
        assert caught.value.fix.endswith("--role=roles/artifactregistry.reader --condition=None")

    def test_an_image_that_is_nowhere_after_all(self, b: Bench) -> None:
        b.builds.script = Script(end={"status": "SUCCESS", "results": {}})
        b.images.push = lambda *_, **__: None  # type: ignore[method-assign]
        tag = collect(b.trainer).tag
        assert refused(b.build) == (
            f"{REGISTRY}/trainer:{tag} was built, but is not in the repository."
        )

    def test_from_the_context(self, b: Bench) -> None:
        b.builds.script = Script(())
        uri = b.place.build_image(b.trainer, say=b.said.append)
        assert uri == b.find()


class TestFind:
    def test_what_was_built(self, b: Bench) -> None:
        assert b.build() == b.find()

    def test_what_was_never_built(self, b: Bench) -> None:
        tag = collect(b.trainer).tag
        assert refused(b.find) == (
            "there is no image of the trainer 'learner.task' as it is now, "
            f"{REGISTRY}/trainer:{tag}. Build it: GcpContext.build_image("
            "Trainer(module='learner.task', ...)). Or name another one: "
            "GcpContext(training_image=...)."
        )

    def test_what_has_changed_since(self, b: Bench) -> None:
        b.build()
        (b.folder / "learner" / "task.py").write_text("print(2)\n")
        known = "The newest image there, of 2026-11-27T09:00:00Z, is of other sources."
        assert known in refused(b.find)

    def test_trainers_of_the_same_sources_share_it(self, b: Bench) -> None:
        (b.folder / "learner" / "other.py").write_text("")
        other = Trainer(module="learner.other", source=str(b.folder))
        assert b.build() == b.find(b.trainer, other)

    def test_trainers_of_different_sources_do_not(self, b: Bench) -> None:
        other = Trainer(module="learner.task", source=str(b.folder), base_image="acme/base:1")
        assert refused(b.find, b.trainer, other) == (
            "the trainers have different sources or base images, and one training image holds "
            "one. Give all the same base_image, or each an image of its own: Trainer(..., "
            "image=Param('other_image', ''))."
        )
        assert b.cloud.asked == []
