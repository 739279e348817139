"""One project while it is looked at: what several checks ask for is asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from vertex_flow.apis import Apis
from vertex_flow.calls import if_there
from vertex_flow.errors import ApiError
from vertex_flow.machines import MachineNeed
from vertex_flow.place import Place

SERVICES = (
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "storage.googleapis.com",
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "aiplatform.googleapis.com",
)
"""The APIs that a pipeline needs, in the order in which they are enabled."""

RESOURCE_MANAGER, IAM, STORAGE, ARTIFACT_REGISTRY, _, VERTEX_AI = SERVICES
BILLING = "cloudbilling.googleapis.com"

DESCRIPTION = "Made by vertex_flow's setup, removed by its teardown."
"""Stands in the description of a service account that `setup` has made: it has no labels."""


def api_name(service: str) -> str:
    """Short for an API, as findings name it: `API iam`."""
    return f"API {service.partition('.')[0]}"


@attrs.define(eq=False, slots=False)
class Site:
    """A project while it is looked at.

    Attributes:
        place: Which project, location and names.
        apis: Google's APIs for it.
        needs: Machines whose quotas are looked at.
        data: Whether teardown removes what holds data.
        switched_on: APIs that were enabled a moment ago.
        account_is_new: Whether the service account was made a moment ago.
        going: Names of the resources that teardown removes.
    """

    place: Place
    apis: Apis
    needs: Sequence[MachineNeed] = ()
    data: bool = False
    switched_on: set[str] = attrs.field(factory=set, init=False)
    account_is_new: bool = attrs.field(default=False, init=False)
    going: set[str] = attrs.field(factory=set, init=False)

    @property
    def project_name(self) -> str:
        """`projects/ID`."""
        return f"projects/{self.place.project}"

    @cached_property
    def _services(self) -> Sequence[Mapping[str, Any]]:
        names = [f"{self.project_name}/services/{one}" for one in (*SERVICES, BILLING)]
        answer = self.apis.send(self.usage.batchGet(parent=self.project_name, names=names))
        found = [one for one in answer.get("services", []) if one.get("name")]
        if not found:
            message = f"Service Usage names no service of project {self.place.project}"
            raise ApiError(502, "UNAVAILABLE", message)
        return found

    @property
    def enabled(self) -> frozenset[str]:
        """Those of the APIs that are enabled."""
        return frozenset(
            str(one["name"]).rpartition("/")[2]
            for one in self._services
            if one.get("state") == "ENABLED"
        )

    @property
    def number(self) -> str:
        """The project's number."""
        return str(self._services[0]["name"]).split("/")[1]

    @cached_property
    def project(self) -> Mapping[str, Any]:
        """The project, as Resource Manager has it."""
        return self.apis.send(self.projects.get(name=self.project_name))

    @cached_property
    def usage(self) -> Any:
        """Service Usage's collection of services."""
        return self.apis.services.services()

    @cached_property
    def projects(self) -> Any:
        """Resource Manager's collection of projects."""
        return self.apis.projects.projects()

    @cached_property
    def account(self) -> Mapping[str, Any] | None:
        """The service account, or None when it is not there."""
        return self.apis.find(self.accounts.get(name=self.account_name))

    @cached_property
    def accounts(self) -> Any:
        """IAM's collection of service accounts; to make such an object takes milliseconds."""
        return self.apis.iam.projects().serviceAccounts()

    @property
    def knows_account(self) -> bool:
        """Whether the service account was made, or seen, since something was changed."""
        return self.account_is_new or self.__dict__.get("account") is not None

    @property
    def account_is_ours(self) -> bool:
        """Whether `setup` has made the service account."""
        if self.account_is_new:
            return True
        # Teardown disables IAM after the account, and may have been cut off just then.
        return IAM in self.enabled and (self.account or {}).get("description") == DESCRIPTION

    @property
    def member(self) -> str:
        """The service account, as a policy names it."""
        return f"serviceAccount:{self.place.service_account}"

    @property
    def account_name(self) -> str:
        """Resource name of the service account, which may be of another project."""
        return f"projects/-/serviceAccounts/{self.place.service_account}"

    @cached_property
    def bucket(self) -> Any | None:
        """The bucket, or None when it is not there."""
        storage, name = self.apis.storage, self.place.bucket
        return self.found(lambda: storage.get_bucket(name, retry=None), f"gs://{name}")

    @property
    def repository_name(self) -> str:
        """Resource name of the repository."""
        return f"{self.place.parent}/repositories/{self.place.repository}"

    @cached_property
    def repository(self) -> Mapping[str, Any] | None:
        """The repository, or None when it is not there."""
        return self.apis.find(self.repositories.get(name=self.repository_name))

    @cached_property
    def repositories(self) -> Any:
        """Artifact Registry's collection of repositories."""
        return self.apis.registry.projects().locations().repositories()

    def found(self, ask: Any, where: str) -> Any | None:
        """Ask another client than Google's API client for a resource; None when it is not there."""
        return if_there(lambda: self.apis.sent(ask, where))

    def forget(self) -> None:
        """Forget what was seen: something has changed."""
        for name in ("_services", "project", "account", "bucket", "repository"):
            self.__dict__.pop(name, None)
