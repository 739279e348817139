"""A whole Google Cloud on the loopback interface: a project that can be set up, and in it a Vertex
AI and a Cloud Storage that really work, which are an engine's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.cloud.cloud_build import CloudBuildFake
from tests.cloud.credentials import login_file
from tests.cloud.docker_images import DockerImages
from tests.cloud.fake import FakeCloud
from tests.cloud.project import PROJECT, FakeProject, fake_project
from tests.cloud.vertex import LOCATION, Vertex, vertex_ai
from vertex_flow import GcpContext
from vertex_flow.names import project_number, storage_host


@attrs.frozen
class Whole:
    """Google Cloud, as far as a pipeline sees it.

    Attributes:
        project: What is set up: services, identity, registry.
        images: What was pushed to the registry.
        builds: What Cloud Build has built.
        vertex: What runs: Vertex AI, and the requests that it was sent.
        context: A context for all of it.
    """

    project: FakeProject
    images: DockerImages
    builds: CloudBuildFake
    vertex: Vertex
    context: GcpContext

    @property
    def cloud(self) -> FakeCloud:
        """The server of all but Vertex AI and Cloud Storage."""
        return self.project.cloud


@contextmanager
def whole_cloud(home: Path, **settings: Any) -> Iterator[Whole]:
    """Serve an empty project until the block ends; nothing wrong must have been sent.

    Args:
        home: The engine's folder, which holds the buckets.
        settings: Further settings of the context.
    """
    with fake_project(project_number(PROJECT)) as project:
        for metric in ("custom_model_training_cpus", "custom_model_serving_cpus"):
            project.usage.quotas[metric] = {LOCATION: 42}
        images = DockerImages()
        builds = CloudBuildFake(home / "storage", images)
        images.serve(project.cloud)
        builds.serve(project.cloud)
        project.cloud.serve("logging.v2", {"logging.entries.list": lambda _: {}})
        endpoints = dict.fromkeys(("cloudbuild", "logging"), project.cloud.url)
        with vertex_ai(
            home,
            training_image=None,
            api_endpoints={**project.endpoints, **endpoints},
            **settings,
        ) as vertex:
            vertex.between.own[f"GET /v1/projects/{PROJECT}/locations"] = {
                "locations": [{"locationId": vertex.context.location}]
            }
            storage = storage_host(vertex.engine.endpoint, vertex.engine.token)
            moved = {"aiplatform": vertex.between.url, "storage": storage}
            places = {**vertex.context.api_endpoints, **moved}
            context = attrs.evolve(vertex.context, api_endpoints=places)
            yield Whole(project, images, builds, vertex, context)


@contextmanager
def whole_environment(folder: Path) -> Iterator[tuple[Whole, dict[str, str]]]:
    """Serve a cloud, and give the variables by which programs find it, and are let in.

    Args:
        folder: For the buckets and the credentials.
    """
    with whole_cloud(folder / "cloud") as whole:
        endpoints = {
            f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": url
            for name, url in whole.context.api_endpoints.items()
        }
        login = login_file(folder, whole.vertex.engine.token)
        yield (
            whole,
            {
                **endpoints,
                "GOOGLE_APPLICATION_CREDENTIALS": str(login),
                "GOOGLE_CLOUD_PROJECT": PROJECT,
                "NO_GCE_CHECK": "true",
            },
        )
