"""What a pipeline needs of a project: how it is looked at, made and removed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, TypeVar

import attrs

from vertex_flow.errors import ApiError, PermissionMissing, ServiceDisabled, SettingError
from vertex_flow.gcp.site import Site

T = TypeVar("T")

Do = Callable[[], str | None]
State = Literal["ok", "missing", "wrong", "unknown"]

_SETTLING = (1, 2, 4, 8, 15, 15, 15, 30, 30)
"""Seconds between looks: two minutes, in which Google's services have heard of each other."""


@attrs.frozen
class Finding:
    """What a check has found.

    Attributes:
        name: What was looked at.
        state: `ok`; `missing`, which `setup` makes; `wrong`, which only a person can mend; or
            `unknown`, where it could not be looked at.
        detail: What was found, in a sentence.
        fix: What to do about it, a command to paste where there is one; or the empty text.
    """

    name: str
    state: State
    detail: str
    fix: str = ""


@attrs.frozen
class Change:
    """A change that `setup` makes.

    Attributes:
        what: What is done, as `create bucket gs://acme-vertex-flow in us-central1`.
    """

    what: str
    _do: Do = attrs.field(eq=False, repr=False)

    def apply(self) -> str:
        """Make it, and give what is to be said of it, or the empty text."""
        return self._do() or ""


@attrs.frozen
class Removal:
    """Something that `teardown` removes or leaves.

    Attributes:
        what: What it is, as `bucket gs://acme-vertex-flow`.
        kept: Why it stays; empty when it goes.
        resource: Name of the resource, where others ask whether it goes.
    """

    what: str
    _do: Do = attrs.field(eq=False, repr=False)
    kept: str = ""
    resource: str = ""

    def apply(self) -> str:
        """Remove it, and give why it stays after all, or the empty text."""
        return self._do() or ""


class Requirement(ABC):
    """One thing that a pipeline needs of a project.

    This docstring is the source of truth for those who write one. Nothing is remembered between
    calls but in the `Site`, whose answers are those of one moment. `look` may raise an `ApiError`
    for what was refused, which becomes a finding. What `changes` gives must be safe to apply
    again after it was cut off anywhere, also after the request but before its answer.

    Attributes:
        services: APIs that must be enabled before this can be looked at.
        needs: Names of the findings that must be ok before this is looked at.
    """

    services: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""

    @abstractmethod
    def look(self, site: Site) -> Sequence[Finding]:
        """Look whether it is there and as it should be; changes nothing."""

    def changes(self, site: Site) -> Sequence[Change]:
        """What is to be done now; nothing when it is there.

        Raises:
            SettingError: It is there in a way that only a person can mend.
            ApiError: It could not be looked at.
        """
        try:
            findings = self.look(site)
        except PermissionMissing:
            return ()  # what may not be seen is said by doctor, and by what is refused next
        for found in findings:
            if found.state == "wrong":
                raise SettingError(worded(found))
        return ()

    def wanted(self, site: Site) -> Sequence[str]:
        """What is done where it cannot be looked at yet, and is not there."""
        return ()

    def removals(self, site: Site) -> Sequence[Removal]:
        """What was made here, and what of it stays."""
        return ()


def refused(name: str, error: ApiError) -> Finding:
    """Word a look that was refused."""
    said = error.cause or f"{error.code} {error.status}: {error.message}"
    return Finding(name, "unknown", f"could not be checked: {said}", error.fix)


def worded(found: Finding) -> str:
    """Word a finding as an error: what is wrong, and the fix."""
    fix = f"\n  Fix: {found.fix}" if found.fix else ""
    return f"{found.name}: {found.detail}{fix}"


def settled(site: Site, ask: Callable[[], T]) -> T:
    """Ask what may be asked too early: before an API or an account is known everywhere."""
    for seconds in _SETTLING:
        try:
            return ask()
        except ApiError as error:
            if not _is_early(site, error):
                raise
            site.apis.patience.sleep(seconds)
    return ask()


def _is_early(site: Site, error: ApiError) -> bool:
    """Tell whether a refusal is that of a service that has not heard of a change yet."""
    if isinstance(error, ServiceDisabled):
        return error.service in site.switched_on or error.service in site.enabled
    if isinstance(error, PermissionMissing):  # so IAM words that an account is not there
        return site.account_is_new and error.permission == "iam.serviceAccounts.get"
    names_it = error.code in (400, 404) and "service account" in error.message.lower()
    return names_it and site.knows_account
