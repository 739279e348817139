"""IAM policies: a role is given or taken back, and everything else in them stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from vertex_flow.gcp.marks import without_conflict
from vertex_flow.gcp.site import Site

_VERSION = 3
"""The version of policies with conditions: asked for another, Google's services leave them out."""


@attrs.frozen
class Holder:
    """What has a policy of its own: a project, a bucket, a repository, a service account.

    Attributes:
        read: Gives the policy as the REST API has it.
        write: Replaces it, unless it was written since its etag was read.
    """

    read: Callable[[], dict[str, Any]]
    write: Callable[[dict[str, Any]], Any]

    def roles(self, member: str) -> frozenset[str]:
        """The roles that a member has without condition."""
        bindings = self.read().get("bindings", [])
        return frozenset(
            one["role"] for one in bindings if _is_plain(one) and member in _members(one)
        )

    def grant(self, site: Site, roles: Iterable[str], member: str) -> None:
        """Give roles to a member; conditions and other members stay."""
        self._change(site, lambda bindings: _with(bindings, tuple(roles), member))

    def revoke(self, site: Site, roles: Iterable[str], member: str) -> None:
        """Take roles back from a member; conditions and other members stay."""
        self._change(site, lambda bindings: _without(bindings, frozenset(roles), member))

    def _change(self, site: Site, change: Callable[[list[Any]], list[Any]]) -> None:
        def once() -> None:
            policy = self.read()
            bindings = list(policy.get("bindings", []))
            wanted = change(bindings)
            if wanted != bindings:
                self.write({**policy, "bindings": wanted})

        without_conflict(site, once)


def of_project(site: Site) -> Holder:
    """The policy of the project."""
    projects, name = site.projects, site.project_name
    ask = {"options": {"requestedPolicyVersion": _VERSION}}
    return Holder(
        lambda: site.apis.send(projects.getIamPolicy(resource=name, body=ask)),
        lambda policy: site.apis.send(
            projects.setIamPolicy(resource=name, body={"policy": policy})
        ),
    )


def of_account(site: Site) -> Holder:
    """The policy of the service account: who may use it."""
    return _of(site, site.accounts, site.account_name)


def of_repository(site: Site) -> Holder:
    """The policy of the repository."""
    return _of(site, site.repositories, site.repository_name)


def of_bucket(site: Site) -> Holder:
    """The policy of the bucket."""
    from google.api_core.iam import Policy

    bucket, where = site.apis.storage.bucket(site.place.bucket), f"gs://{site.place.bucket}"

    def read() -> dict[str, Any]:
        ask = lambda: bucket.get_iam_policy(requested_policy_version=_VERSION, retry=None)  # noqa: E731
        return dict(site.apis.sent(ask, where).to_api_repr())

    def write(policy: dict[str, Any]) -> None:
        new = Policy.from_api_repr(policy)
        site.apis.sent(lambda: bucket.set_iam_policy(new, retry=None), where)

    return Holder(read, write)


def _of(site: Site, collection: Any, name: str) -> Holder:
    def read() -> dict[str, Any]:
        return site.apis.send(
            collection.getIamPolicy(resource=name, options_requestedPolicyVersion=_VERSION)
        )

    def write(policy: dict[str, Any]) -> None:
        site.apis.send(collection.setIamPolicy(resource=name, body={"policy": policy}))

    return Holder(read, write)


def _is_plain(binding: dict[str, Any]) -> bool:
    return not binding.get("condition")


def _members(binding: dict[str, Any]) -> list[str]:
    """The members of a binding, which has no list of them when it has none."""
    return list(binding.get("members", []))


def _with(bindings: list[Any], roles: tuple[str, ...], member: str) -> list[Any]:
    changed = []
    missing = list(dict.fromkeys(roles))
    for one in bindings:
        if _is_plain(one) and one["role"] in missing:
            missing.remove(one["role"])
            if member not in _members(one):
                one = {**one, "members": [*_members(one), member]}  # noqa: PLW2901
        changed.append(one)
    return [*changed, *({"role": role, "members": [member]} for role in missing)]


def _without(bindings: list[Any], roles: frozenset[str], member: str) -> list[Any]:
    changed = []
    for one in bindings:
        if not (_is_plain(one) and one["role"] in roles and member in _members(one)):
            changed.append(one)
            continue
        others = [other for other in _members(one) if other != member]
        if others:
            changed.append({**one, "members": others})
    return changed
