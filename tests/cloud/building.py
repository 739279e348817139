"""What tests of training images share: a project with a registry and Cloud Build, and sources.

Artifact Registry and Cloud Build are those of `tests/cloud`; Cloud Storage is an engine's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from google.oauth2.credentials import Credentials

from tests.cloud.cloud_build import CloudBuildFake
from tests.cloud.docker_images import DockerImages
from tests.cloud.fake import Asked, FakeCloud, Refused, fake_cloud
from vertex_flow import GcpContext, Trainer
from vertex_flow.apis import Apis
from vertex_flow.calls import Patience
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.gcp.images import build_image, image_of
from vertex_flow.names import storage_host

REPOSITORY = "artifactregistry.projects.locations.repositories.get"
CREATE = "cloudbuild.projects.locations.builds.create"
GET = "cloudbuild.projects.locations.builds.get"
ACCOUNT = "robot@acme.iam.gserviceaccount.com"
REGISTRY = "europe-west4-docker.pkg.dev/acme/vertex-flow"


@attrs.define
class Bench:
    """A project, and a trainer.

    Attributes:
        cloud: Answers for Google Cloud.
        images: What was pushed.
        builds: What was built.
        place: The project.
        apis: Google's clients for it.
        bucket: The folder that is its bucket.
        folder: The trainer's sources.
        said: What builds have said.
        pauses: Seconds that were waited.
    """

    cloud: FakeCloud
    images: DockerImages
    builds: CloudBuildFake
    place: GcpContext
    apis: Apis
    bucket: Path
    folder: Path
    said: list[str] = attrs.field(factory=list)
    pauses: list[float] = attrs.field(factory=list)
    repositories: set[str] = attrs.field(factory=lambda: {"vertex-flow"})

    @property
    def trainer(self) -> Trainer:
        """The trainer."""
        return Trainer(module="learner.task", source=str(self.folder))

    def build(self, trainer: Trainer | None = None, **options: Any) -> str:
        """Build its image."""
        given = {"builder": "cloud", "timeout": 3600, "max_mb": 500, "say": self.said.append}
        return build_image(
            self.place,
            self.apis,
            trainer or self.trainer,
            **{**given, **options},  # type: ignore[arg-type]
        )

    def find(self, *trainers: Trainer) -> str:
        """Find the image of its sources, or of those of some trainers."""
        return image_of(self.place, self.apis, trainers or (self.trainer,))

    def asked(self, method: str) -> list[Asked]:
        """The requests of a method."""
        return [one for one in self.cloud.asked if one.method == method]

    def repository(self, asked: Asked) -> dict[str, Any]:
        """Answer for a repository."""
        if asked.parts[2] not in self.repositories:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        return {"format": "DOCKER"}


@contextmanager
def bench(engine: EmbeddedEngine, folder: Path) -> Iterator[Bench]:
    """Serve a project until the block ends.

    Args:
        engine: Has the buckets.
        folder: An empty folder.
    """
    buckets = engine.home / "storage"
    bucket = buckets / f"bucket-{secrets.token_hex(4)}"
    bucket.mkdir()
    sources = folder / "sources"
    (sources / "learner").mkdir(parents=True)
    (sources / "learner" / "task.py").write_text("print(1)\n")
    pauses: list[float] = []
    with fake_cloud() as cloud:
        place = GcpContext(
            project="acme",
            location="europe-west4",
            bucket=bucket.name,
            service_account=ACCOUNT,
            labels={"team": "vision"},
            credentials=Credentials(token="a-token"),
            api_endpoints={
                "artifactregistry": cloud.url,
                "cloudbuild": cloud.url,
                "storage": storage_host(engine.endpoint, engine.token),
            },
        )
        images = DockerImages()
        builds = CloudBuildFake(buckets, images)
        apis = attrs.evolve(place.apis, patience=Patience(attempts=4, sleep=pauses.append))
        with apis:
            found = Bench(cloud, images, builds, place, apis, bucket, sources, pauses=pauses)
            images.serve(cloud)
            builds.serve(cloud)
            cloud.serve("artifactregistry.v1", {REPOSITORY: found.repository})
            yield found
