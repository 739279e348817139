"""Whether there are credentials, and a project that is active and has billing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from vertex_flow.calls import TRANSIENT
from vertex_flow.commands import enable
from vertex_flow.errors import ApiError, CredentialsError, PermissionMissing
from vertex_flow.gcp.requirement import Change, Finding, Requirement
from vertex_flow.gcp.site import BILLING, RESOURCE_MANAGER, SERVICES, Site


class Credentials(Requirement):
    """Credentials that Google accepts."""

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("credentials",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask for something that any credentials may be refused."""
        try:
            _ = site.enabled
        except CredentialsError as error:
            return [Finding("credentials", "wrong", _said(error), error.fix)]
        except ApiError as error:
            if error.code in TRANSIENT:
                raise  # nobody has looked at them
            # It knows who asks, and refuses: what is refused is said of the project.
        caller = site.apis.caller
        return [Finding("credentials", "ok", f"those of {caller}" if caller else "accepted")]

    def changes(self, site: Site) -> Sequence[Change]:
        """Nothing; without credentials nothing else is tried.

        Raises:
            CredentialsError: There are none, or they are not valid any more.
        """
        with suppress(PermissionMissing):
            _ = site.enabled
        return ()


class Project(Requirement):
    """A project that is there, active and visible to the caller."""

    needs = ("credentials",)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("project",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Service Usage, which always answers, and then Resource Manager, where it is on."""
        name = site.place.project
        try:
            number = site.number
        except ApiError as error:
            if not _hides_the_project(error):
                raise
            detail = f"{name} is not there, or the caller may not see it."
            return [Finding("project", "wrong", detail, "gcloud projects list")]
        if RESOURCE_MANAGER not in site.enabled:
            return [Finding("project", "ok", f"{name}, number {number}")]
        try:
            state = site.project.get("state", "ACTIVE")
        except PermissionMissing as error:
            detail = f"{name}, number {number}; whether it is active is not visible: {error.cause}"
            return [Finding("project", "ok", detail)]
        if state != "ACTIVE":
            fix = f"gcloud projects undelete {name}"
            return [Finding("project", "wrong", f"{name} is about to be deleted.", fix)]
        return [Finding("project", "ok", f"{name}, number {number}")]


class Billing(Requirement):
    """A billing account that pays for the project."""

    needs = ("credentials", "project")

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("billing",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Cloud Billing, where it is on, or tell by what needs billing."""
        if BILLING not in site.enabled:
            return [self._by_services(site)]
        request = site.apis.billing.projects().getBillingInfo(name=site.project_name)
        if site.apis.send(request).get("billingEnabled"):
            return [Finding("billing", "ok", "on")]
        project = site.place.project
        return [
            Finding(
                "billing",
                "wrong",
                f"project {project} has no active billing account.",
                f"gcloud billing projects link {project} --billing-account=ACCOUNT_ID",
            )
        ]

    def _by_services(self, site: Site) -> Finding:
        if frozenset(SERVICES) <= site.enabled:
            return Finding("billing", "ok", "on: APIs that need it are enabled")
        fix = enable(site.place.project, BILLING)
        return Finding("billing", "unknown", f"not checked: the API {BILLING} is not enabled.", fix)


def _hides_the_project(error: ApiError) -> bool:
    """Tell a refusal of the project from one that names what the caller lacks."""
    if isinstance(error, PermissionMissing):
        return not error.permission
    return error.code == 404


def _said(error: ApiError) -> str:
    return f"{error.message.rstrip('.')}; {error.cause}"
