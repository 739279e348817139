"""Where a flow runs: project, location, bucket, identity, endpoint."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.errors import SettingError
from vertex_flow.names import api_endpoint, join_uri, location_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from vertex_flow.engine.joining import LocalEngine
    from vertex_flow.sdk import Sdk

LOCAL_PROJECT = "local"
DEFAULT_LOCATION = "us-central1"

_LOCATION = re.compile(r"[a-z]+-[a-z]+\d+")


def _check_location(_: Any, __: Any, location: str) -> None:
    if not _LOCATION.fullmatch(location):
        raise SettingError(
            f"GcpContext(location={location!r}): expected a region such as 'us-central1' or "
            "'europe-west4'."
        )


def _check_port(_: Any, __: Any, port: Any) -> None:
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise SettingError(
            f"GcpContext(port={port!r}): expected 0, for any free port, or a number up to 65535."
        )


def _bare_bucket(bucket: str | None) -> str | None:
    if not bucket:
        return None
    name = bucket.removeprefix("gs://").rstrip("/")
    if "/" in name:
        raise SettingError(
            f"GcpContext(bucket={bucket!r}): expected a bucket, not a folder in it: "
            f"bucket={name.partition('/')[0]!r}."
        )
    return name


def _home(home: str | Path | None) -> Path | None:
    return Path(home).expanduser().resolve() if home is not None else None


@attrs.frozen(kw_only=True)
class GcpContext:
    """Where a flow runs: a Google Cloud project, or this machine.

    Attributes:
        project: Project id; by default that of the environment (`GOOGLE_CLOUD_PROJECT`) or of
            the application-default credentials.
        location: Region of everything: jobs, models, endpoints, bucket.
        bucket: Name of the bucket for data and artifacts, without `gs://`; by default
            `<project>-vertex-flow`.
        service_account: E-mail address of the identity that the pipeline runs as; the project's
            default when None.
        repository: Artifact Registry repository of the training image.
        image: URI of the training image; by default derived from the repository.
        home: Folder of the local engine; None for Google Cloud.
        port: Port of the local engine; 0 for any free one.

    Example:
        ```python
        flow.run(GcpContext.local())
        flow.run(GcpContext(project="acme", location="europe-west4"))
        ```
    """

    project: str | None = None
    location: str = attrs.field(default=DEFAULT_LOCATION, validator=_check_location)
    bucket: str | None = attrs.field(default=None, converter=_bare_bucket)
    service_account: str | None = None
    repository: str = "vertex-flow"
    image: str | None = None
    home: Path | None = attrs.field(default=None, converter=_home)
    port: int = attrs.field(default=0, validator=_check_port)

    @classmethod
    def local(cls, home: str | Path | None = None, *, port: int = 0) -> GcpContext:
        """This machine: no cloud, no Docker, no login.

        Runs join the standing engine of the folder, which `vertex-flow up` starts. Where none is
        up, the first run starts an engine that ends with the program.

        Args:
            home: Folder for state, artifacts and logs; by default `$VERTEX_FLOW_HOME`, else
                `.vertex_flow` in the working directory.
            port: Port of the engine on 127.0.0.1; 0 for any free one, and for that of the
                standing engine.
        """
        folder = home or os.environ.get("VERTEX_FLOW_HOME") or ".vertex_flow"
        return cls(project=LOCAL_PROJECT, home=Path(folder), port=port)

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
        return api_endpoint(self.location)

    @property
    def parent(self) -> str:
        """`projects/P/locations/L`, the parent of every resource."""
        return location_name(self.resolved().project or "", self.location)

    @property
    def pipeline_root(self) -> str:
        """Where pipelines write their artifacts."""
        if self.home is not None:
            return str(self.home / "storage" / (self.bucket or "local") / "pipelines")
        project = self.resolved().project
        return join_uri(f"gs://{self.bucket or f'{project}-vertex-flow'}", "pipelines")

    @property
    def training_image(self) -> str:
        """URI of the training image in Artifact Registry."""
        if self.image:
            return self.image
        project = self.resolved().project
        registry = f"{self.location}-docker.pkg.dev"
        return f"{registry}/{project}/{self.repository}/trainer:latest"

    def init_aiplatform(self, **settings: Any) -> Sdk:
        """Set up Google's own high-level SDK, `google.cloud.aiplatform`, for this context.

        For this machine the standing engine is joined, or one is started, and Cloud Storage
        inside the SDK is the engine's folder: `gs://<bucket>/x` is a file there. See
        `Sdk` for what is set, and for how it is undone.

        Args:
            settings: Further arguments of `aiplatform.init`, such as `experiment`.

        Returns:
            What was set up; as a context manager, or by `close`, it is undone.

        Example:
            ```python
            with GcpContext.local().init_aiplatform():
                print(aiplatform.PipelineJob.list(), aiplatform.Model.list())
            ```
        """
        from vertex_flow.sdk import LocalApi, Sdk

        context = self.resolved()
        sdk = Sdk(
            project=context.project or "",
            location=context.location,
            staging_bucket=context._staging_bucket,
        )
        if context.home is None:
            return sdk.at_cloud(settings)
        from vertex_flow.engine.joining import join

        engine = join(context.home, port=context.port)
        api = LocalApi(endpoint=engine.endpoint, token_file=engine.home / "token")
        return sdk.at_engine(api, settings, _end(engine))

    @property
    def _staging_bucket(self) -> str:
        default = "local" if self.is_local else f"{self.project}-vertex-flow"
        return f"gs://{self.bucket or default}"

    def resolved(self) -> GcpContext:
        """This context with its project filled in.

        Raises:
            SettingError: No project was given and none can be found.
        """
        if self.project:
            return self
        if self.is_local:
            return attrs.evolve(self, project=LOCAL_PROJECT)
        project = os.environ.get("GOOGLE_CLOUD_PROJECT") or _credentials_project()
        if not project:
            raise SettingError(
                "no Google Cloud project: pass GcpContext(project=...), set "
                "GOOGLE_CLOUD_PROJECT, or run `gcloud auth application-default login`. "
                "To run on this machine, use GcpContext.local()."
            )
        return attrs.evolve(self, project=project)


def _end(engine: LocalEngine) -> Callable[[], None]:
    """Give what ends an engine, unless earlier runs of this process need it."""
    return (lambda: None) if engine.shared else engine.close


def _credentials_project() -> str | None:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        _, project = google.auth.default()
    except DefaultCredentialsError:
        return None
    return str(project) if project else None
