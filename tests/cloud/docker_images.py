"""Artifact Registry's packages and tags: the images that were pushed to a repository."""

from __future__ import annotations

from typing import Any

from tests.cloud.fake import Asked, FakeCloud, Refused

_API = "artifactregistry.v1"
_PACKAGES = "artifactregistry.projects.locations.repositories.packages"


class DockerImages:
    """The images of a project.

    Attributes:
        tags: Digest by package and tag: `projects/P/locations/L/repositories/R/packages/N`.
        pushed: When a package was pushed to last.
    """

    def __init__(self) -> None:
        self.tags: dict[tuple[str, str], str] = {}
        self.pushed: dict[str, str] = {}

    def push(self, uri: str, digest: str, *, at: str = "2026-11-27T09:00:00Z") -> None:
        """Push an image as `docker push` does.

        Args:
            uri: `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG`.
            digest: `sha256:…`.
            at: When.
        """
        host, project, repository, rest = uri.split("/")
        name, _, tag = rest.partition(":")
        location = host.removesuffix("-docker.pkg.dev")
        parent = f"projects/{project}/locations/{location}/repositories/{repository}"
        package = f"{parent}/packages/{name}"
        self.tags[package, tag] = digest
        self.pushed[package] = at

    def serve(self, cloud: FakeCloud) -> None:
        """Serve them."""
        cloud.serve(_API, {f"{_PACKAGES}.get": self._package, f"{_PACKAGES}.tags.get": self._tag})

    def _package(self, asked: Asked) -> dict[str, Any]:
        name = _name(asked)
        if name not in self.pushed:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        return {"name": name, "updateTime": self.pushed[name]}

    def _tag(self, asked: Asked) -> dict[str, Any]:
        package, tag = _name(asked), asked.parts[4]
        if (package, tag) not in self.tags:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        version = f"{package}/versions/{self.tags[package, tag]}"
        return {"name": f"{package}/tags/{tag}", "version": version}


def _name(asked: Asked) -> str:
    project, location, repository, package, *_ = asked.parts
    return f"projects/{project}/locations/{location}/repositories/{repository}/packages/{package}"
