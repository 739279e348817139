"""A whole Google Cloud project on the loopback interface, for tests that need one.

```python
with fake_project() as project:
    project.context().setup()
    assert project.context().doctor().ok
```
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.auth.credentials import AnonymousCredentials

from tests.cloud.artifact_registry import ArtifactRegistry
from tests.cloud.billing import Billing
from tests.cloud.buckets import Buckets
from tests.cloud.fake import Asked, FakeCloud, fake_cloud
from tests.cloud.iam import Iam
from tests.cloud.resource_manager import ResourceManager
from tests.cloud.rules import Rules
from tests.cloud.service_usage import ServiceUsage
from tests.cloud.tensorboards import Vertex
from vertex_flow import GcpContext
from vertex_flow.apis import Apis
from vertex_flow.calls import Patience

PROJECT = "acme"
NUMBER = "123456789012"
CALLER = "ada@acme.com"

_READING = (
    "batchGet",
    "get",
    "getBillingInfo",
    "getIamPolicy",
    "list",
    "search",
    "testIamPermissions",
)


class Caller(AnonymousCredentials):  # type: ignore[misc]
    """Credentials of a person whose address is known, as those of gcloud are."""

    account = CALLER

    def refresh(self, request: Any) -> None:
        """Get the same again."""


class FakeProject:
    """A project with nothing in it and no API enabled but Billing, in a cloud of its own.

    Attributes:
        cloud: The cloud, for `trouble`, `cut_after`, `asked`.
        rules: What is enabled (`rules.enabled`), what the caller may not do (`rules.denied`), how
            long changes take (`rules.lag`, `rules.polls`).
        usage: Service Usage, with `quotas`.
        manager: Resource Manager, with `labels` and `policies`.
        billing: Cloud Billing.
        iam: Service accounts.
        registry: Repositories.
        storage: Buckets.
        vertex: Locations, TensorBoard instances, endpoints.
        pauses: Seconds that its `apis` would have slept.
    """

    def __init__(self, cloud: FakeCloud, number: str = NUMBER) -> None:
        self.cloud = cloud
        self.rules = Rules(cloud, PROJECT, number)
        self.rules.enabled.add("cloudbilling.googleapis.com")
        self.usage = ServiceUsage(self.rules)
        self.manager = ResourceManager(self.rules)
        self.billing = Billing(self.rules)
        self.iam = Iam(self.rules, f"user:{CALLER}")
        self.registry = ArtifactRegistry(self.rules)
        self.storage = Buckets(self.rules)
        self.vertex = Vertex(self.rules)
        for policies in (self.manager.policies, self.registry.policies, self.storage.policies):
            policies.accounts = self.iam.policies.accounts
        self.pauses: list[float] = []

    @property
    def endpoints(self) -> dict[str, str]:
        """Where each API is, for `GcpContext(api_endpoints=...)`."""
        names = ("serviceusage", "cloudresourcemanager", "cloudbilling", "iam")
        names += ("artifactregistry", "storage", "aiplatform")  # type: ignore[assignment]
        return dict.fromkeys(names, self.cloud.url)

    def context(self, **settings: Any) -> GcpContext:
        """A context for the project; `api_endpoints` are added to its own."""
        endpoints = {**self.endpoints, **settings.pop("api_endpoints", {})}
        given = {"project": PROJECT, "credentials": Caller(), **settings}
        return GcpContext(**given, api_endpoints=endpoints)

    def apis(self, context: GcpContext | None = None, attempts: int = 3) -> Apis:
        """Google's clients for it, which do not sleep; to be closed."""
        context = context or self.context()
        patience = Patience(attempts=attempts, sleep=self.pauses.append)
        return Apis(
            context.project,
            context.location,
            context.credentials,
            context.api_endpoints,
            patience,
        )

    def state(self) -> dict[str, Any]:
        """Everything that setup might change, without what changes by itself."""
        found = {
            "enabled": sorted(self.rules.enabled),
            "labels": self.manager.labels,
            "policy": self.manager.policies.bindings(""),
            "accounts": [
                (email, one.get("description"), self.iam.policies.bindings(email))
                for email, one in sorted(self.iam.accounts.items())
            ],
            "buckets": [
                (
                    name,
                    one["location"],
                    one.get("labels") or {},
                    self.storage.objects.get(name),
                    self.storage.policies.bindings(name),
                )
                for name, one in sorted(self.storage.buckets.items())
            ],
            "repositories": [
                (name, one.get("labels") or {}, self.registry.policies.bindings(name))
                for name, one in sorted(self.registry.repositories.items())
            ],
            "tensorboards": sorted(self.vertex.tensorboards),
        }
        return copy.deepcopy(found)

    def changing(self) -> list[Asked]:
        """The requests so far that change something."""
        return [one for one in self.cloud.asked if one.method.rpartition(".")[2] not in _READING]


@contextmanager
def fake_project(number: str = NUMBER) -> Iterator[FakeProject]:
    """Serve an empty project until the block ends."""
    with fake_cloud() as cloud:
        yield FakeProject(cloud, number)
