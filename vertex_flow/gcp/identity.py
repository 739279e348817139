"""The service account that pipelines run as, and who may use it."""

from __future__ import annotations

from collections.abc import Sequence

from vertex_flow.commands import let_act_as
from vertex_flow.errors import ApiError, PermissionMissing, SettingError
from vertex_flow.gcp.policies import Holder, of_account
from vertex_flow.gcp.requirement import Change, Finding, Removal, Requirement, worded
from vertex_flow.gcp.roles import Grant, Roles
from vertex_flow.gcp.site import DESCRIPTION, IAM, Site
from vertex_flow.names import service_account_email

_ACT = "iam.serviceAccounts.actAs"
_USER = "roles/iam.serviceAccountUser"


class Account(Requirement):
    """A service account that is enabled."""

    services = (IAM,)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("service account",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask IAM; the project's default account is taken as it is."""
        email = site.place.service_account
        if not email:
            return [Finding("service account", "ok", "the project's default account")]
        found = site.account
        if found is None:
            return [_missing(site)]
        if found.get("disabled"):
            fix = f"gcloud iam service-accounts enable {email} --project={site.place.project}"
            return [Finding("service account", "wrong", f"{email} is disabled.", fix)]
        return [Finding("service account", "ok", email)]

    def changes(self, site: Site) -> Sequence[Change]:
        """Make it, when it is one of this project."""
        super().changes(site)
        if not site.place.service_account or site.account is not None:
            return ()
        if not _is_of_this_project(site):
            raise SettingError(worded(_missing(site)))
        return [Change(self.wanted(site)[0], lambda: _create(site))]

    def wanted(self, site: Site) -> Sequence[str]:
        """Make it."""
        email = site.place.service_account
        return [f"create service account {email}"] if email else ()

    def removals(self, site: Site) -> Sequence[Removal]:
        """Remove it when `setup` has made it."""
        if not site.place.service_account or not site.account_is_ours:
            return ()
        return [Removal(f"service account {site.place.service_account}", lambda: _delete(site))]


class AccountRoles(Roles):
    """The account may act as itself: a pipeline starts jobs that run as what it runs as."""

    services = (IAM,)
    needs = ("service account",)
    name = "roles on the account"
    grants = (Grant(_USER, "act-as"),)

    def holder(self, site: Site) -> Holder:
        """The account's policy."""
        return of_account(site)

    def title(self, site: Site) -> str:
        """The account itself."""
        return "itself"

    def command(self, site: Site, role: str) -> str:
        """The command that gives a role."""
        return let_act_as(site.place.service_account, site.place.project, site.member)

    def exists(self, site: Site) -> bool:
        """Whether there is an account."""
        return site.account_is_new or site.account is not None

    def is_ours(self, site: Site) -> bool:
        """Whether `setup` has made the account."""
        return site.account_is_ours


class Caller(Requirement):
    """The caller may run pipelines as the account.

    `setup` gives this to the caller only on an account that it has made: on another, it is for
    those who made that to say.
    """

    services = (IAM,)
    needs = ("service account",)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("caller",) if site.place.service_account else ()

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask IAM what the caller may do."""
        if not self.names(site):
            return []
        email = site.place.service_account
        if self._may(site):
            return [Finding("caller", "ok", f"may act as {email}")]
        fix = let_act_as(email, site.place.project)
        return [Finding("caller", "missing", f"may not act as {email}", fix)]

    def changes(self, site: Site) -> Sequence[Change]:
        """Give the permission where that is possible.

        Raises:
            PermissionMissing: It is not for `setup` to give.
        """
        if not self.names(site) or site.account is None or self._may(site):
            return ()
        caller = site.apis.caller
        if not caller or not site.account_is_ours:
            raise _may_not(site)
        member = f"serviceAccount:{caller}" if caller.endswith("gserviceaccount.com") else caller
        member = member if ":" in member else f"user:{member}"
        what = f"give {_USER} on {site.place.service_account} to {caller}"
        return [Change(what, lambda: of_account(site).grant(site, [_USER], member))]

    def _may(self, site: Site) -> bool:
        body = {"permissions": [_ACT]}
        request = site.accounts.testIamPermissions(resource=site.account_name, body=body)
        return _ACT in site.apis.send(request).get("permissions", [])


def _missing(site: Site) -> Finding:
    email = site.place.service_account
    account, _, domain = email.partition("@")
    if not _is_of_this_project(site):
        detail = f"{email} is not there, or the caller may not see it."
        fix = f"gcloud iam service-accounts create {account} --project={domain.partition('.')[0]}"
        return Finding("service account", "missing", detail, fix)
    fix = f"gcloud iam service-accounts create {account} --project={site.place.project}"
    return Finding("service account", "missing", f"{email} is not there", fix)


def _is_of_this_project(site: Site) -> bool:
    account, _, _ = site.place.service_account.partition("@")
    return service_account_email(account, site.place.project) == site.place.service_account


def _create(site: Site) -> None:
    body = {
        "accountId": site.place.service_account.partition("@")[0],
        "serviceAccount": {"displayName": "vertex_flow pipelines", "description": DESCRIPTION},
    }
    try:
        site.apis.send(site.accounts.create(name=site.project_name, body=body))
    except ApiError as error:
        if error.code != 409:
            raise
        site.forget()  # an answer was lost, or somebody was faster: its description says who
        if site.account is not None and not site.account_is_ours:
            return
    site.account_is_new = True


def _delete(site: Site) -> None:
    site.account_is_new = False
    site.apis.find(site.accounts.delete(name=site.account_name))


def _may_not(site: Site) -> PermissionMissing:
    return PermissionMissing(
        403,
        "PERMISSION_DENIED",
        f"the caller may not act as {site.place.service_account}",
        permission=_ACT,
        cause=f"the caller lacks the permission {_ACT} on it.",
        fix=let_act_as(site.place.service_account, site.place.project),
    )
