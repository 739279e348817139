"""How Vertex AI is called: by Google's own clients, with one patience and in our words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

import attrs
from google.api_core.client_options import ClientOptions
from google.oauth2.credentials import Credentials
from google.protobuf import json_format

from vertex_flow.calls import ONCE, PATIENT, NextPage, Patience, call, finished, object_of
from vertex_flow.errors import ApiError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""What credentials must be good for."""

SECONDS = 60.0
"""How long one request may take."""

_ENDED = "The local engine ends with the program that started it, and with Run.close()."

T = TypeVar("T")


@attrs.define(eq=False, slots=False)
class Caller:
    """Vertex AI's API at one endpoint.

    Attributes:
        endpoint: Root URL, `https://…` or, for the local engine, `http://127.0.0.1:PORT`.
        parent: `projects/P/locations/L`.
        token: Access token of the local engine; None for Google Cloud.
        credentials: A `google.auth` credentials object; None for the application-default ones.
        patience: How often a request to Google Cloud is tried; one to this machine, once.
    """

    endpoint: str
    parent: str
    token: str | None = attrs.field(default=None, repr=False)
    credentials: Any | None = attrs.field(default=None, repr=False)
    patience: Patience = attrs.field(default=PATIENT, repr=False)

    def read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read a resource as plain JSON: what the message types cannot hold, or hold slowly.

        Args:
            path: What follows `/v1/`, for example the name of a long-running operation.
            query: Query parameters.
        """
        url = f"{self.endpoint}/v1/{path}"

        def get() -> dict[str, Any]:
            response = self._session.get(url, params=dict(query or {}), timeout=SECONDS)
            response.raise_for_status()
            return object_of(response.json())

        return self._asked(get)

    def locations(self) -> tuple[str, ...]:
        """Ids of the locations that Vertex AI offers to the project."""
        parent, _, _ = self.parent.partition("/locations/")
        found: list[str] = []
        token, seen = "", NextPage("locations")
        while True:
            seen.check(token)
            answer = self.read(f"{parent}/locations", {"pageToken": token} if token else {})
            found += [str(one.get("locationId")) for one in answer.get("locations", [])]
            token = answer.get("nextPageToken", "")
            if not token:
                return tuple(found)

    def _call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        return self._asked(lambda: method(timeout=SECONDS, retry=None, **arguments))

    def _listed(self, method: Callable[..., Any], key: str, **request: Any) -> Iterator[Any]:
        """Every item of a list, page after page; each page is tried as often as any request."""
        token, seen = "", NextPage(key)
        of = {} if "name" in request else {"parent": self.parent}  # versions are of a model
        while True:
            seen.check(token)
            asked = {**of, "page_token": token, **request}
            page = self._call(method, request=asked)
            yield from getattr(page, key)
            token = page.next_page_token
            if not token:
                return

    def _done(self, operation: Any) -> None:
        """Wait for a long-running operation, at most half an hour.

        Raises:
            ApiError: It failed, or takes longer.
        """
        finished(
            json_format.MessageToDict(operation.operation),
            self.read,
            patience=self.patience,
            project=self._project,
        )

    def _asked(self, ask: Callable[[], T]) -> T:
        patience = ONCE if self.token else self.patience
        try:
            return call(ask, where=self.endpoint, project=self._project, patience=patience)
        except ApiError as error:
            if self.token and error.code == 503 and "does not answer" in error.message:
                raise ApiError(503, error.status, f"{error.message}. {_ENDED}") from error
            raise

    @property
    def _project(self) -> str:
        return self.parent.split("/")[1]

    @cached_property
    def _credentials(self) -> Any:
        if self.token:
            return Credentials(token=self.token)
        if self.credentials is not None:
            return self.credentials
        import google.auth

        return self._asked(lambda: google.auth.default(scopes=[SCOPE])[0])

    @cached_property
    def _session(self) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        return self._direct(AuthorizedSession(self._credentials))

    def _service(self, service: Callable[..., Any]) -> Any:
        client = service(
            transport="rest",
            credentials=self._credentials,
            client_options=ClientOptions(api_endpoint=self.endpoint),
        )
        self._direct(client.transport._session)
        return client

    def _direct(self, session: Any) -> Any:
        """Keep what is for this machine, the token too, from a proxy that the environment names."""
        if self.endpoint.startswith("http://"):
            session.trust_env = False
        return session


def named(display_name: str) -> str:
    """Write a filter for a display name, whatever characters it has."""
    return f"display_name={json.dumps(display_name, ensure_ascii=False)}"
