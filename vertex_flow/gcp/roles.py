"""The roles of the service account: no more than pipelines need, each where it is needed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

import attrs

from vertex_flow import commands
from vertex_flow.errors import ApiError
from vertex_flow.gcp.marks import change_project_labels, project_labels, role_mark, without_mark
from vertex_flow.gcp.policies import Holder, of_project
from vertex_flow.gcp.requirement import Change, Finding, Removal, Requirement
from vertex_flow.gcp.site import RESOURCE_MANAGER, Site

Labels = Mapping[str, str]

_MARK = "granted"


@attrs.frozen
class Grant:
    """A role that the service account has on something.

    Attributes:
        role: For example `roles/aiplatform.user`.
        word: Short for it, in the label that says that `setup` has given it.
    """

    role: str
    word: str


class Roles(Requirement):
    """Roles of the service account on one thing.

    A role that `setup` gives to an account, or on a thing, that was there before is written to
    the labels first. What it has made itself needs no label: its roles go with it.

    Attributes:
        name: Name of the finding.
        grants: The roles.
    """

    name: str
    grants: tuple[Grant, ...]

    @abstractmethod
    def holder(self, site: Site) -> Holder:
        """The policy that names the roles."""

    @abstractmethod
    def title(self, site: Site) -> str:
        """What the roles are on, as `gs://acme-vertex-flow`."""

    @abstractmethod
    def command(self, site: Site, role: str) -> str:
        """The command that gives a role."""

    def exists(self, site: Site) -> bool:
        """Whether there is what the roles are on."""
        return True

    def is_ours(self, site: Site) -> bool:
        """Whether `setup` has made what the roles are on."""
        return False

    def goes(self, site: Site) -> bool:
        """Whether teardown removes what the roles are on, and the roles with it."""
        return self.is_ours(site)

    def labels(self, site: Site) -> Labels:
        """The labels that say which roles `setup` has given."""
        return project_labels(site)

    def relabel(self, site: Site, change: Callable[[Labels], Labels]) -> None:
        """Change those labels."""
        change_project_labels(site, change)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings; the project's default account is left as it is."""
        return (self.name,) if site.place.service_account else ()

    def look(self, site: Site) -> Sequence[Finding]:
        """Read the policy."""
        if not self.names(site):
            return []
        missing = [one.role for one in self._missing(site)]
        if not missing:
            return [Finding(self.name, "ok", ", ".join(one.role for one in self.grants))]
        fix = "\n".join(self.command(site, role) for role in missing)
        detail = f"{site.place.service_account} lacks {', '.join(missing)} on {self.title(site)}"
        return [Finding(self.name, "missing", detail, fix)]

    def changes(self, site: Site) -> Sequence[Change]:
        """Give the roles that are missing."""
        if not self.names(site):
            return ()
        missing = self._missing(site) if self.exists(site) else self.grants
        if not missing:
            return ()
        return [Change(self._what(site, missing), lambda: self._give(site, missing))]

    def wanted(self, site: Site) -> Sequence[str]:
        """All of the roles."""
        return [self._what(site, self.grants)] if self.names(site) else ()

    def removals(self, site: Site) -> Sequence[Removal]:
        """Take back what was given here, unless it goes with what it is on."""
        if not self.names(site) or not self.exists(site) or self.goes(site):
            return ()
        given = self._given(site)
        if not given:
            return ()
        what = f"{_listed(given)} of {site.place.service_account} on {self.title(site)}"
        return [Removal(what, lambda: self._take(site, given))]

    def _what(self, site: Site, grants: Sequence[Grant]) -> str:
        return f"give {_listed(grants)} on {self.title(site)} to {site.place.service_account}"

    def _missing(self, site: Site) -> tuple[Grant, ...]:
        held = self.holder(site).roles(site.member)
        return tuple(one for one in self.grants if one.role not in held)

    def _given(self, site: Site) -> tuple[Grant, ...]:
        """The roles that `setup` has given, or was about to give when it was cut off."""
        if site.account_is_ours:
            missing = self._missing(site)
            return tuple(one for one in self.grants if one not in missing)
        marks = self.labels(site)
        return tuple(one for one in self.grants if marks.get(self._mark(site, one)) == _MARK)

    def _give(self, site: Site, grants: Sequence[Grant]) -> str:
        note = "" if site.account_is_ours or self.is_ours(site) else self._note(site, grants)
        self.holder(site).grant(site, [one.role for one in grants], site.member)
        return note

    def _note(self, site: Site, grants: Sequence[Grant]) -> str:
        """Write down what is about to be given; say it where that is not allowed."""
        marks = {self._mark(site, one): _MARK for one in grants}
        try:
            self.relabel(site, lambda labels: {**labels, **marks})
        except ApiError as error:
            return f"teardown will leave it: {without_mark(error)}"
        return ""

    def _take(self, site: Site, grants: Sequence[Grant]) -> None:
        self.holder(site).revoke(site, [one.role for one in grants], site.member)
        gone = {self._mark(site, one) for one in grants}
        if gone & set(self.labels(site)):
            self.relabel(
                site,
                lambda labels: {key: value for key, value in labels.items() if key not in gone},
            )

    def _mark(self, site: Site, grant: Grant) -> str:
        return role_mark(grant.word, site.place.service_account)


class ProjectRoles(Roles):
    """Roles in the project: to use Vertex AI, and to write logs."""

    services = (RESOURCE_MANAGER,)
    needs = ("service account",)
    name = "roles in the project"
    grants = (
        Grant("roles/aiplatform.user", "vertex-user"),
        Grant("roles/logging.logWriter", "log-writer"),
    )

    def holder(self, site: Site) -> Holder:
        """The project's policy."""
        return of_project(site)

    def title(self, site: Site) -> str:
        """The project."""
        return f"project {site.place.project}"

    def command(self, site: Site, role: str) -> str:
        """The command that gives a role."""
        return commands.grant(site.place.project, role, site.member)


def _listed(grants: Sequence[Grant]) -> str:
    return ", ".join(one.role for one in grants)
