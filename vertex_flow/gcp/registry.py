"""The Artifact Registry repository of the training image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vertex_flow.commands import create_repository
from vertex_flow.errors import ApiError
from vertex_flow.gcp.marks import is_managed, labels
from vertex_flow.gcp.policies import Holder, of_repository
from vertex_flow.gcp.requirement import Change, Finding, Removal, Requirement
from vertex_flow.gcp.roles import Grant, Roles
from vertex_flow.gcp.site import ARTIFACT_REGISTRY, Site


class Repository(Requirement):
    """A repository for Docker images."""

    services = (ARTIFACT_REGISTRY,)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("repository",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Artifact Registry."""
        name, found = site.place.repository, site.repository
        if found is None:
            detail = f"{name} is not there in {site.place.location}"
            place = site.place
            fix = create_repository(place.repository, place.project, place.location)
            return [Finding("repository", "missing", detail, fix)]
        kind = str(found.get("format", "DOCKER"))
        if kind != "DOCKER" or found.get("mode", "").startswith(("REMOTE", "VIRTUAL")):
            detail = f"{name} is no repository that Docker images can be pushed to."
            fix = f'choose another name: GcpContext(repository="{name}-docker")'
            return [Finding("repository", "wrong", detail, fix)]
        return [Finding("repository", "ok", site.place.registry)]

    def changes(self, site: Site) -> Sequence[Change]:
        """Make it."""
        super().changes(site)
        if site.repository is not None:
            return ()
        return [Change(self.wanted(site)[0], lambda: _create(site))]

    def wanted(self, site: Site) -> Sequence[str]:
        """Make it."""
        return [f"create Docker repository {site.place.repository} in {site.place.location}"]

    def removals(self, site: Site) -> Sequence[Removal]:
        """Remove it when `setup` has made it."""
        if site.repository is None or not is_managed(site.repository.get("labels")):
            return ()
        what = f"repository {site.place.registry} with its images"
        return [Removal(what, lambda: _delete(site), "", site.repository_name)]


class RepositoryRoles(Roles):
    """Roles on the repository: to push and pull images."""

    services = (ARTIFACT_REGISTRY,)
    needs = ("repository", "service account")
    name = "roles on the repository"
    grants = (Grant("roles/artifactregistry.writer", "images"),)

    def holder(self, site: Site) -> Holder:
        """The repository's policy."""
        return of_repository(site)

    def title(self, site: Site) -> str:
        """The repository."""
        return f"repository {site.place.repository}"

    def command(self, site: Site, role: str) -> str:
        """The command that gives a role."""
        return (
            f"gcloud artifacts repositories add-iam-policy-binding {site.place.repository} "
            f"--location={site.place.location} --project={site.place.project} "
            f"--member={site.member} --role={role}"
        )

    def exists(self, site: Site) -> bool:
        """Whether there is a repository."""
        return site.repository is not None

    def is_ours(self, site: Site) -> bool:
        """Whether `setup` has made the repository."""
        return is_managed(self.labels(site))

    def labels(self, site: Site) -> Mapping[str, str]:
        """The repository's labels."""
        return dict((site.repository or {}).get("labels") or {})

    def relabel(self, site: Site, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Change the repository's labels."""
        site.forget()
        body = {"name": site.repository_name, "labels": dict(change(self.labels(site)))}
        request = site.repositories.patch(name=site.repository_name, updateMask="labels", body=body)
        site.apis.send(request)
        site.forget()


def _create(site: Site) -> None:
    body = {
        "format": "DOCKER",
        "description": "Training images of vertex_flow",
        "labels": labels(site.place),
    }
    request = site.repositories.create(
        parent=site.place.parent, repositoryId=site.place.repository, body=body
    )
    try:
        operation = site.apis.send(request)
    except ApiError as error:
        if error.code != 409:
            raise
        site.forget()  # an answer was lost, or somebody was faster: its labels say whose it is
        return
    operations = site.apis.registry.projects().locations().operations()
    site.apis.finished(operations, operation)


def _delete(site: Site) -> None:
    operation = site.apis.find(site.repositories.delete(name=site.repository_name))
    if operation is not None:
        site.apis.finished(site.apis.registry.projects().locations().operations(), operation)
