"""Where a flow runs: project, location, bucket, identity, endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.endpoints import SERVICES, check_endpoints
from vertex_flow.errors import SettingError
from vertex_flow.names import (
    api_endpoint,
    image_registry,
    join_uri,
    location_name,
    service_account_email,
)
from vertex_flow.settings import (
    bare_bucket,
    check_api_endpoints,
    check_form,
    check_labels,
    check_location,
    check_port,
    check_project,
    check_text,
    home_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vertex_flow.finding import Found

LOCAL_PROJECT = "local"
DEFAULT_LOCATION = "us-central1"
ACCOUNT = "vertex-flow"
"""Name of the service account, before the @, that `setup` makes."""


@attrs.frozen(kw_only=True)
class Place:
    """A Google Cloud project in one location, or this machine: what `GcpContext` knows.

    Whatever is not given is found or derived; `explain` says from where.

    Attributes:
        project: Project id; by default that of the environment (`GOOGLE_CLOUD_PROJECT`), of the
            application-default credentials or of gcloud's active configuration, else the first
            project that the caller can see.
        location: Region of everything: bucket, registry, jobs, models, endpoints.
        bucket: Name of the bucket for data and artifacts, with or without `gs://`; by default
            `<project>-vertex-flow`.
        service_account: E-mail address of the identity that pipelines run as; by default that
            of the account that `setup` makes, `vertex-flow@<project>.iam.gserviceaccount.com`.
            The empty text stands for the project's default account.
        repository: Artifact Registry repository of the training image.
        training_image: URI of the training image; by default a run takes the one that was built
            of its trainer's sources.
        serving_image: URI of the image that serves models; by default Google's prebuilt one
            for TensorFlow, in this location.
        pipeline_root: Where pipelines write their artifacts; by default a folder of the bucket,
            and so are the following ones.
        jobs_root: Where compiled pipelines are kept.
        data_root: Where data is uploaded to.
        model_root: Where models are kept that no pipeline wrote.
        logs_root: Where TensorBoard logs are kept.
        network: Compute Engine network that jobs are peered with, as
            `projects/NUMBER/global/networks/NAME`.
        encryption_key: Cloud KMS key of everything that a run makes, as
            `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
        tensorboard: Resource name of the TensorBoard instance that training logs to.
        labels: Labels of everything that is made here.
        credentials: A `google.auth` credentials object; the application-default ones when None.
        api_endpoints: Root URL by service for APIs that are not at their usual place (Private
            Service Connect, a server on this machine): `{"aiplatform": "http://127.0.0.1:8080"}`.
            What the environment says, as `CLOUDSDK_API_ENDPOINT_OVERRIDES_<SERVICE>`, comes after.
        home: Folder of the local engine; None for Google Cloud.
        port: Port of the local engine; 0 for any free one.
    """

    _project: str | None = attrs.field(default=None, alias="project", validator=check_form)
    location: str = attrs.field(default=DEFAULT_LOCATION, validator=check_location)
    _bucket: str | None = attrs.field(
        default=None, alias="bucket", converter=bare_bucket, validator=check_form
    )
    _service_account: str | None = attrs.field(
        default=None, alias="service_account", validator=check_form
    )
    repository: str = attrs.field(default="vertex-flow", validator=check_form)
    _training_image: str | None = attrs.field(
        default=None, alias="training_image", validator=check_text
    )
    _serving_image: str | None = attrs.field(
        default=None, alias="serving_image", validator=check_text
    )
    _pipeline_root: str | None = attrs.field(
        default=None, alias="pipeline_root", validator=check_text
    )
    _jobs_root: str | None = attrs.field(default=None, alias="jobs_root", validator=check_text)
    _data_root: str | None = attrs.field(default=None, alias="data_root", validator=check_text)
    _model_root: str | None = attrs.field(default=None, alias="model_root", validator=check_text)
    _logs_root: str | None = attrs.field(default=None, alias="logs_root", validator=check_text)
    network: str | None = attrs.field(default=None, validator=check_text)
    encryption_key: str | None = attrs.field(default=None, validator=check_text)
    tensorboard: str | None = attrs.field(default=None, validator=check_text)
    labels: Mapping[str, str] = attrs.field(factory=dict, validator=check_labels)
    credentials: Any | None = attrs.field(default=None, repr=False, eq=False)
    api_endpoints: Mapping[str, str] = attrs.field(factory=dict, validator=check_api_endpoints)
    home: Path | None = attrs.field(default=None, converter=home_folder)
    port: int = attrs.field(default=0, validator=check_port)

    @property
    def project(self) -> str:
        """Project id.

        Raises:
            SettingError: None was given and none can be found.
        """
        return self._found_project.value

    @property
    def bucket(self) -> str:
        """Name of the bucket, without `gs://`."""
        if self._bucket or self.is_local:
            return self._bucket or "local"
        return f"{_in_a_name(self.project)}-vertex-flow"

    @property
    def service_account(self) -> str:
        """E-mail address of the identity that pipelines run as; empty for the default.

        Raises:
            SettingError: None was given, and the project is given by its number.
        """
        if self._service_account is not None or self.is_local:
            return self._service_account or ""
        if self.project.isdigit():
            raise SettingError(
                f"GcpContext(project={self.project!r}): the service account of a project is named "
                "by the project's id, not by its number: gcloud projects describe "
                f"{self.project} --format='value(projectId)'. Or name one: service_account=..."
            )
        return service_account_email(ACCOUNT, self.project)

    @property
    def is_local(self) -> bool:
        """Whether this is the engine on this machine."""
        return self.home is not None

    @property
    def endpoint(self) -> str:
        """Root URL of Vertex AI's API.

        For this machine that of the standing engine; where none is up, one with the context's
        port, and the engine's own is known once it runs: `Run.api_endpoint`.
        """
        if self.home is not None:
            from vertex_flow.engine.standing import StandingEngine

            standing = StandingEngine.find(self.home)
            return standing.endpoint if standing else f"http://127.0.0.1:{self.port}"
        return self.endpoints.get("aiplatform", api_endpoint(self.location))

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Root URL by service for APIs that are not at their usual place."""
        from vertex_flow.finding import endpoint_overrides

        found = {key: url for key, url in endpoint_overrides().items() if key in SERVICES}
        endpoints = {**found, **self.api_endpoints}
        check_endpoints(endpoints)
        return {service: url.rstrip("/") for service, url in endpoints.items()}

    @property
    def parent(self) -> str:
        """`projects/P/locations/L`, the parent of every resource."""
        return location_name(self.project, self.location)

    @property
    def pipeline_root(self) -> str:
        """Where pipelines write their artifacts."""
        return self._pipeline_root or self._folder("pipelines")

    @property
    def jobs_root(self) -> str:
        """Where compiled pipelines are kept."""
        return self._jobs_root or self._folder("jobs")

    @property
    def data_root(self) -> str:
        """Where data is uploaded to."""
        return self._data_root or self._folder("data")

    @property
    def model_root(self) -> str:
        """Where models are kept that no pipeline wrote."""
        return self._model_root or self._folder("models")

    @property
    def logs_root(self) -> str:
        """Where TensorBoard logs are kept."""
        return self._logs_root or self._folder("logs")

    @property
    def registry(self) -> str:
        """Root of the images: host, project and repository of Artifact Registry."""
        return image_registry(self.location, self.project, self.repository)

    @property
    def named_training_image(self) -> str | None:
        """The training image that was given; None where runs take that of their sources."""
        return self._training_image

    @property
    def training_image(self) -> str:
        """URI of the training image: the one that was given, else the one built last.

        Where none is given, a run takes the image that `build_image` has made of its trainer's
        sources, by its digest.
        """
        return self._training_image or f"{self.registry}/trainer:latest"

    @property
    def serving_image(self) -> str:
        """URI of the image that serves models."""
        return self._serving_image or _prebuilt_serving_image(self.location)

    def explain(self) -> str:
        """Say what every value is and where it comes from, a line each.

        Example:
            ```python
            print(GcpContext(project="acme").explain())
            ```
        """
        from vertex_flow.finding import explanation

        return explanation(self._sources())

    @cached_property
    def _found_project(self) -> Found:
        from vertex_flow.apis import Apis
        from vertex_flow.finding import Found, find_project

        if self.is_local:
            return Found(self._project or LOCAL_PROJECT, "this machine")
        if self._project:
            return Found(self._project, "the argument")
        with Apis("", self.location, self.credentials, self.endpoints) as apis:
            found = find_project(apis)
        check_project(found.value, found.source)
        return found

    def _folder(self, name: str) -> str:
        """A folder of the bucket: a URI, or in the local context an absolute path."""
        if self.home is not None:
            return str(self.home / "storage" / self.bucket / name)
        return join_uri(f"gs://{self.bucket}", name)

    def _sources(self) -> dict[str, Callable[[], Found]]:
        """How each value is found: those that nothing was said of last."""
        sources = {"project": lambda: self._found_project}
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            if isinstance(value, str) and field.name != "_project":
                source = "the default" if value == field.default else "the argument"
                sources[str(field.alias)] = partial(_found, value, source)
        for name in _DERIVED:
            sources.setdefault(name, partial(self._derived, name))
        return sources

    def _derived(self, name: str) -> Found:
        return _found(getattr(self, name), "derived")


_DERIVED = (
    "bucket",
    "service_account",
    "registry",
    "training_image",
    "serving_image",
    "pipeline_root",
    "jobs_root",
    "data_root",
    "model_root",
    "logs_root",
)


def _found(value: str, source: str) -> Found:
    from vertex_flow.finding import Found

    return Found(value, source)


def _in_a_name(project: str) -> str:
    """A project id as part of a bucket's name: ids of old may hold a domain and a colon."""
    return project.replace(":", "-").replace(".", "-")


def _prebuilt_serving_image(location: str) -> str:
    from google.cloud.aiplatform import helpers

    return str(
        helpers.get_prebuilt_prediction_container_uri(
            framework="tensorflow", framework_version="2.15", region=location
        )
    )
