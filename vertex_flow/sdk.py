"""Google's high-level SDK, `google.cloud.aiplatform`, set up for one place until it is undone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
import httpx
from google.auth.credentials import Credentials

from vertex_flow.errors import ApiError
from vertex_flow.names import storage_host

_SECONDS = 60.0


@attrs.frozen(kw_only=True)
class LocalApi:
    """A local engine, as Google's clients reach it.

    Attributes:
        endpoint: Root URL, `http://127.0.0.1:PORT`.
        token_file: File that holds the bearer token.
    """

    endpoint: str
    token_file: Path

    @property
    def storage(self) -> str:
        """The value of `STORAGE_EMULATOR_HOST`: who knows this URL needs no credentials.

        `google.cloud.storage.Client()` has none as soon as that variable is set.
        """
        return storage_host(self.endpoint, self.token())

    def token(self) -> str:
        """Read the token.

        Raises:
            ApiError: UNAVAILABLE when there is no such file.
        """
        try:
            return self.token_file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise ApiError(
                503,
                "UNAVAILABLE",
                f"the token of the local engine at {self.endpoint} cannot be read: {error}. "
                "The engine's folder may be gone; start an engine again.",
            ) from error


class LocalCredentials(Credentials):  # type: ignore[misc] # google.auth has no types
    """The local engine's token, which is shown to the local engine alone.

    A request that Google's SDK would send anywhere else is refused before it is sent, and a token
    that the engine does not take is not exchanged over the network: both raise `ApiError`.

    Args:
        api: The engine.
    """

    def __init__(self, api: LocalApi) -> None:
        super().__init__()
        self.token = api.token()
        self._api = api

    def before_request(self, request: Any, method: str, url: str, headers: dict[str, str]) -> None:
        """Put the token into the headers of a request to the engine.

        Raises:
            ApiError: FAILED_PRECONDITION for a request to any other host.
        """
        if urlsplit(url).netloc != urlsplit(self._api.endpoint).netloc:
            raise ApiError(
                400,
                "FAILED_PRECONDITION",
                f"{method} {url} was not sent: aiplatform is set up for the local engine at "
                f"{self._api.endpoint}, and this part of the SDK asks a host of its own, whatever "
                "api_endpoint says. Use the client of google.cloud.aiplatform_v1 for it, with "
                "transport='rest' and this endpoint, for example "
                "PredictionServiceClient.raw_predict for Endpoint.raw_predict.",
            )
        super().before_request(request, method, url, headers)

    def refresh(self, request: Any) -> None:
        """Take the token that the engine's folder has now; never asks the network.

        Raises:
            ApiError: UNAUTHENTICATED when it is the one that was refused.
        """
        token = self._api.token()
        if token == self.token:
            raise ApiError(
                401,
                "UNAUTHENTICATED",
                f"the engine at {self._api.endpoint} does not take the token in "
                f"{self._api.token_file}: it is another engine's. Call init_aiplatform() again.",
            )
        self.token = token


class Sdk:
    """What `GcpContext.init_aiplatform` has set up; `close`, or the end of `with`, undoes it.

    Only what the SDK has no argument for is set from outside, and only for a local engine:

    * `STORAGE_EMULATOR_HOST`, the one way to tell `google.cloud.storage` inside the SDK where
      Cloud Storage is; and `no_proxy` where the environment names a proxy, so that requests to
      this machine do not go there;
    * the two functions of `google.cloud.aiplatform.utils.resource_manager_utils`, which turn a
      project's id into its number and back. They speak gRPC to
      `cloudresourcemanager.googleapis.com`, whose name no setting changes, and
      `PipelineJob.submit` cannot do without them. While the SDK's `api_endpoint` is that of the
      engine they ask the engine; after an `aiplatform.init` for another endpoint, and for
      credentials that are not the engine's, they are Google's own again.

    Attributes:
        project: The SDK's project.
        location: The SDK's region.
        staging_bucket: The SDK's default bucket, `gs://<bucket>`.
    """

    def __init__(self, *, project: str, location: str, staging_bucket: str) -> None:
        self.project = project
        self.location = location
        self.staging_bucket = staging_bucket
        self._undo = contextlib.ExitStack()

    def close(self) -> None:
        """Give the SDK back the settings that it had, and end what was started for it."""
        self._undo.close()

    def __enter__(self) -> Sdk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Sdk(project={self.project!r}, staging_bucket={self.staging_bucket!r})"

    def at_cloud(self, settings: Mapping[str, Any]) -> Sdk:
        """Set the SDK up for Google Cloud.

        Args:
            settings: Further arguments of `aiplatform.init`.
        """
        return self._started(settings)

    def at_engine(self, api: LocalApi, settings: Mapping[str, Any], end: Callable[[], None]) -> Sdk:
        """Set the SDK up for a local engine.

        Args:
            api: The engine.
            settings: Further arguments of `aiplatform.init`.
            end: Called when this is closed.
        """
        self._undo.callback(end)
        own = {
            "api_endpoint": api.endpoint,
            "api_transport": "rest",
            "credentials": LocalCredentials(api),
        }
        try:
            self._variables({"STORAGE_EMULATOR_HOST": api.storage, **_past_proxies(os.environ)})
            _make_bucket(api, self.project, self.staging_bucket)
            self._resource_manager(api)
            return self._started({**own, **settings})
        except BaseException:
            self.close()
            raise

    def _started(self, settings: Mapping[str, Any]) -> Sdk:
        from google.cloud import aiplatform
        from google.cloud.aiplatform import initializer
        from google.cloud.aiplatform.metadata import metadata

        config = initializer.global_config
        before = dict(vars(config))
        self._undo.callback(_restore, config, before)
        self._undo.callback(metadata._experiment_tracker.reset)
        own = {
            "project": self.project,
            "location": self.location,
            "staging_bucket": self.staging_bucket,
        }
        try:
            aiplatform.init(**{**own, **settings})
        except BaseException:
            self.close()
            raise
        return self

    def _variables(self, variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            self._undo.callback(_set_variable, name, os.environ.get(name))
            os.environ[name] = value

    def _resource_manager(self, api: LocalApi) -> None:
        from google.cloud.aiplatform.utils import resource_manager_utils as manager

        originals = {
            name: getattr(manager, name) for name in ("get_project_number", "get_project_id")
        }
        for name, original in originals.items():
            self._undo.callback(setattr, manager, name, original)

        def get_project_number(project_id: str, credentials: Any | None = None) -> str:
            if not _is_for(api, credentials):
                return str(originals["get_project_number"](project_id, credentials))
            return str(_project(api, project_id)["name"]).partition("/")[2]

        def get_project_id(project_number: str, credentials: Any | None = None) -> str:
            if not _is_for(api, credentials):
                return str(originals["get_project_id"](project_number, credentials))
            return str(_project(api, project_number)["projectId"])

        manager.get_project_number = get_project_number
        manager.get_project_id = get_project_id


def _is_for(api: LocalApi, credentials: Any | None) -> bool:
    """Tell whether the SDK speaks to an engine now, and not to another endpoint."""
    from google.cloud.aiplatform import initializer

    if credentials is not None and not isinstance(credentials, LocalCredentials):
        return False
    return bool(initializer.global_config.api_endpoint == api.endpoint)


def _project(api: LocalApi, name: str) -> dict[str, Any]:
    return _ask(api, "GET", f"/v3/projects/{quote(name, safe='')}")


def _make_bucket(api: LocalApi, project: str, uri: str) -> None:
    """Make the staging bucket, which uploads expect to be there."""
    body = {"name": uri.removeprefix("gs://").partition("/")[0]}
    try:
        _ask(api, "POST", f"/storage/v1/b?project={quote(project)}", body)
    except ApiError as error:
        if error.code != 409:
            raise


def _ask(api: LocalApi, verb: str, path: str, body: Any | None = None) -> dict[str, Any]:
    response = httpx.request(
        verb,
        f"{api.endpoint}{path}",
        json=body,
        headers={"Authorization": f"Bearer {api.token()}"},
        timeout=_SECONDS,
        trust_env=False,  # no proxy gets what is for this machine
    )
    if response.is_success:
        return dict(response.json())
    error = response.json()["error"]
    raise ApiError(response.status_code, error.get("status", "UNKNOWN"), error["message"])


def _past_proxies(env: Mapping[str, str]) -> dict[str, str]:
    """Have requests to this machine go there, and not to a proxy that the environment names."""
    if not any(env.get(name) for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")):
        return {}
    given = env.get("no_proxy") or env.get("NO_PROXY") or ""
    text = ",".join(filter(None, [given, "127.0.0.1", "localhost"]))
    return {"no_proxy": text, "NO_PROXY": text}


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _restore(config: Any, before: Mapping[str, Any]) -> None:
    vars(config).clear()
    vars(config).update(before)
