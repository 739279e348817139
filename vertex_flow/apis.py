"""Google's clients for one project: where each API is, and as whom it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import Any, TypeVar

import attrs

from vertex_flow.calls import PATIENT, NextPage, Patience, call, finished, if_there, object_of
from vertex_flow.client import SCOPE, Client
from vertex_flow.names import api_endpoint, location_name

T = TypeVar("T")

_SECONDS = 60


@attrs.define(eq=False, slots=False)
class Apis:
    """Google's APIs, as one caller sees one project.

    Most are asked by Google's API client, whose descriptions of the APIs come with it; Cloud
    Storage and Vertex AI by their own libraries. A request is an object that is built first and
    sent by `send`, which tries again what is transient and words what was refused.

    Attributes:
        project: Project id; empty while it is still looked for.
        location: Region.
        credentials: A `google.auth` credentials object; None for the application-default ones.
        endpoints: Root URL by service, such as `{"storage": "http://127.0.0.1:8080"}`, for those
            that are not at their usual place.
        patience: How often a request is tried.
    """

    project: str
    location: str
    credentials: Any | None = None
    endpoints: Mapping[str, str] = attrs.field(factory=dict)
    patience: Patience = PATIENT
    _opened: ExitStack = attrs.field(factory=ExitStack, init=False, repr=False)

    @cached_property
    def services(self) -> Any:
        """Service Usage: which APIs are enabled."""
        return self._api("serviceusage", "v1")

    @cached_property
    def quotas(self) -> Any:
        """Service Usage in its version that tells quotas."""
        return self._api("serviceusage", "v1beta1")

    @cached_property
    def projects(self) -> Any:
        """Resource Manager: the project and its IAM policy."""
        return self._api("cloudresourcemanager", "v3")

    @cached_property
    def billing(self) -> Any:
        """Cloud Billing."""
        return self._api("cloudbilling", "v1")

    @cached_property
    def iam(self) -> Any:
        """IAM: service accounts."""
        return self._api("iam", "v1")

    @cached_property
    def registry(self) -> Any:
        """Artifact Registry."""
        return self._api("artifactregistry", "v1")

    @cached_property
    def builds(self) -> Any:
        """Cloud Build."""
        return self._api("cloudbuild", "v1")

    @cached_property
    def logging(self) -> Any:
        """Cloud Logging."""
        return self._api("logging", "v2")

    @cached_property
    def storage(self) -> Any:
        """Cloud Storage, by `google.cloud.storage`."""
        from google.cloud import storage

        options = {"api_endpoint": self.endpoints["storage"]} if self._moved("storage") else None
        client = storage.Client(
            project=self.project, credentials=self._authorized, client_options=options
        )
        if client.api_endpoint.startswith("http://"):
            client._http.trust_env = False  # see _proxy
        self._opened.callback(client.close)
        return client

    @cached_property
    def vertex(self) -> Client:
        """Vertex AI."""
        return Client(
            self.endpoints.get("aiplatform", api_endpoint(self.location)),
            location_name(self.project, self.location),
            credentials=self.credentials,
            patience=self.patience,
        )

    @property
    def caller(self) -> str:
        """E-mail address of the caller; empty where the credentials do not say."""
        found = self._authorized
        names = (getattr(found, name, "") for name in ("service_account_email", "account"))
        return next((str(name) for name in names if name and "@" in str(name)), "")

    def close(self) -> None:
        """Close the connections; what is asked afterwards opens new ones."""
        self._opened.close()

    def __enter__(self) -> Apis:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Any) -> dict[str, Any]:
        """Send a request of Google's API client and give the answer.

        Raises:
            ApiError: It was refused.
        """
        return self.sent(lambda: object_of(request.execute()), request.uri.partition("?")[0])

    def find(self, request: Any) -> dict[str, Any] | None:
        """Send a request for a resource, and give None when it is not there."""
        return if_there(lambda: self.send(request))

    def sent(self, ask: Callable[[], T], where: str) -> T:
        """Do what sends a request by another client, with the same patience and words."""
        return call(ask, where=where, project=self.project or None, patience=self.patience)

    def pages(self, collection: Any, request: Any, key: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page.

        Args:
            collection: What made the request, for the following ones.
            request: A `list` request.
            key: Name of the list in the answer.
        """
        seen = NextPage(key)
        while request is not None:
            answer = self.send(request)
            seen.check(str(answer.get("nextPageToken")))
            yield from answer.get(key, [])
            request = collection.list_next(request, answer)

    def finished(self, operations: Any, operation: dict[str, Any]) -> dict[str, Any]:
        """Wait for a long-running operation and give its response.

        Args:
            operations: The API's collection of operations.
            operation: What a request answered.

        Raises:
            ApiError: It failed, or takes longer than half an hour.
        """
        return finished(
            operation,
            lambda name: self.send(operations.get(name=name)),
            patience=self.patience,
            project=self.project or None,
        )

    def access_token(self) -> str:
        """An access token of the caller, for programs that take one; it is good for an hour."""
        credentials = self._authorized
        if not credentials.valid:
            from google.auth.transport.requests import Request

            self.sent(lambda: credentials.refresh(Request()), "google.auth")
        return str(credentials.token)

    @cached_property
    def _authorized(self) -> Any:
        if self.credentials is not None:
            return self.credentials
        import google.auth

        return self.sent(lambda: google.auth.default(scopes=[SCOPE])[0], "google.auth")

    def _api(self, service: str, version: str) -> Any:
        from google_auth_httplib2 import AuthorizedHttp
        from googleapiclient.discovery import build
        from httplib2 import Http

        moved = self.endpoints.get(service)
        options = {"api_endpoint": moved} if moved else None
        http = Http(timeout=_SECONDS, proxy_info=_proxy(moved))
        self._opened.callback(http.close)
        return build(
            service,
            version,
            http=AuthorizedHttp(self._authorized, http=http),
            client_options=options,
            static_discovery=True,
            cache_discovery=False,
        )

    def _moved(self, service: str) -> bool:
        return bool(self.endpoints.get(service))


def _proxy(moved: str | None) -> Any:
    """Keep what is for this machine from a proxy that the environment names."""
    from httplib2 import proxy_info_from_environment

    return None if (moved or "").startswith("http://") else proxy_info_from_environment
