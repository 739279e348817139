"""GcpContext: where a flow runs, and what can be done there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.errors import EngineError, SettingError
from vertex_flow.place import LOCAL_PROJECT, Place

if TYPE_CHECKING:
    from vertex_flow.apis import Apis
    from vertex_flow.client import Client
    from vertex_flow.engine.joining import LocalEngine
    from vertex_flow.flow import Flow
    from vertex_flow.gcp.clean import Leftovers
    from vertex_flow.gcp.doctor import Diagnosis
    from vertex_flow.gcp.images import Builder
    from vertex_flow.gcp.mount import Mount
    from vertex_flow.gcp.setup import Plan
    from vertex_flow.gcp.teardown import Removals
    from vertex_flow.gcp.transfer import Transfer
    from vertex_flow.sdk import Sdk
    from vertex_flow.training import Trainer

Say = Callable[[str], None]


@attrs.frozen(kw_only=True)
class GcpContext(Place):
    """Where a flow runs: a Google Cloud project, or this machine.

    Its settings and what is derived from them are those of `Place`; whatever is not given is
    found, and `explain` says from where.

    Example:
        ```python
        flow.run(GcpContext.local())
        flow.run(GcpContext(project="acme", location="europe-west4"))
        ```
    """

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
        return cls(project=LOCAL_PROJECT, home=folder, port=port)

    @classmethod
    def from_profile(cls, name: str, file: str | Path | None = None) -> GcpContext:
        """A context that stands under a name in a file, for example dev, staging or prod.

        Args:
            name: Name of the profile: the table `[tool.vertex_flow.contexts.NAME]` of
                `pyproject.toml`, or `[contexts.NAME]` of another TOML file. Its keys are the
                arguments of this class.
            file: The file; by default the nearest `pyproject.toml` from the working directory
                upwards.

        Raises:
            SettingError: There is no such file or profile, or a key or value is wrong.
        """
        from vertex_flow.profiles import read

        return read(cls, name, file)

    @property
    def apis(self) -> Apis:
        """Google's clients for this project, to be closed: `with context.apis as apis: ...`."""
        if self.is_local:
            raise SettingError(
                "GcpContext.local() is this machine: there is no Google Cloud project behind it, "
                "and it needs no setting up. Use GcpContext(project=...)."
            )
        from vertex_flow.apis import Apis

        return Apis(self.project, self.location, self.credentials, self.endpoints)

    @property
    def vertex(self) -> Client:
        """Vertex AI's API; on this machine that of the standing engine.

        Raises:
            EngineError: No engine stands in this machine's folder.
        """
        from vertex_flow.client import Client

        if self.home is None:
            return Client(self.endpoint, self.parent, credentials=self.credentials)
        from vertex_flow.engine.standing import StandingEngine

        engine = StandingEngine.find(self.home)
        if engine is None:
            raise EngineError(
                f"no engine stands in {self.home}, and one that a program starts for itself ends "
                f"with it. Start one that stays: vertex-flow up --home {self.home}"
            )
        engine.check(port=self.port)
        return Client(engine.endpoint, self.parent, engine.token)

    def doctor(self, flow: Flow | None = None) -> Diagnosis:
        """Check whether the project has what a pipeline needs; changes nothing.

        Args:
            flow: A flow, whose machine types and quotas are checked too.

        Returns:
            Every check with its result, and with the command that mends it.
        """
        from vertex_flow.gcp.doctor import examine

        with self.apis as apis:
            return examine(self, apis, flow.machines() if flow is not None else ())

    def plan(self) -> Plan:
        """List what `setup` would change; changes nothing."""
        from vertex_flow.gcp.setup import plan

        with self.apis as apis:
            return plan(self, apis)

    def setup(self, *, say: Say = print) -> Plan:
        """Make what a pipeline needs and the project lacks; a second call changes nothing.

        Args:
            say: Called with each change as it is made.

        Returns:
            What was changed.
        """
        from vertex_flow.gcp.setup import set_up

        with self.apis as apis:
            return set_up(self, apis, say)

    def teardown(self, *, yes: bool = False, data: bool = False) -> Removals:
        """List what `setup` has made here, and remove it.

        Only what carries this package's label is touched.

        Args:
            yes: Whether to remove it; otherwise it is only listed.
            data: Whether a bucket goes that still holds objects.
        """
        from vertex_flow.gcp.teardown import tear_down

        with self.apis as apis:
            return tear_down(self, apis, yes=yes, data=data)

    def upload(
        self, path: str | Path, uri: str | None = None, *, progress: bool = True
    ) -> Transfer:
        """Copy a file, a folder or what a pattern matches to the bucket.

        What is there already, by size and CRC32C, is skipped. A large file goes on where it was
        interrupted, in another process too; one that changes meanwhile is refused.

        Args:
            path: A file, a folder or a pattern such as `data/*.csv` or `data/**`. Names below
                the folder, or below the first wildcard, are kept.
            uri: Where to, `gs://BUCKET/FOLDER`; by default `data_root`. For one file also the
                object itself, `gs://BUCKET/FOLDER/NAME.csv`, when it ends with the file's suffix.
            progress: Whether a bar is shown, on a terminal.

        Returns:
            What was copied, and what was there already.

        Raises:
            SettingError: The path is not there, nothing matches, or the URI is none.
            ApiError: Cloud Storage refused; with the cause and the fix where they are known.
            TransferFailed: Some files could not be copied; all others were.
        """
        from vertex_flow.gcp.transfer import upload

        return upload(self, Path(path), uri or self.data_root, progress=progress)

    def download(self, uri: str, path: str | Path, *, progress: bool = True) -> Transfer:
        """Copy an object, a folder or what a pattern matches from a bucket.

        What is there already, by size and CRC32C, is skipped; what was interrupted goes on.
        Objects come as they are stored: what was compressed stays so.

        Args:
            uri: `gs://BUCKET/NAME`, a folder of objects, or a pattern such as
                `gs://BUCKET/data/*.csv`. With `/` at its end it is a folder.
            path: The folder to copy to; for one object the file, unless it is a folder.
            progress: Whether a bar is shown, on a terminal.

        Returns:
            What was copied, and what was there already.

        Raises:
            SettingError: The URI is none, or nothing is there.
            ApiError: Cloud Storage refused; with the cause and the fix where they are known.
            TransferFailed: Some objects could not be copied; all others were.
        """
        from vertex_flow.gcp.transfer import download

        return download(self, uri, Path(path), progress=progress)

    def mount(self, path: str | Path) -> Mount:
        """Mount the bucket as a folder, by gcsfuse.

        gcsfuse uses the application-default credentials. On this machine, where a bucket is a
        folder, it becomes a link to that folder.

        Args:
            path: An empty folder; made when it is not there.

        Returns:
            What unmounts it, by `close`, at the end of `with` or of the program.

        Raises:
            SettingError: The path is a file, is not empty, or something else is mounted there.
            MountError: There is no gcsfuse, or it could not mount the bucket.
        """
        from vertex_flow.gcp.mount import mount

        return mount(self, Path(path))

    def build_image(
        self,
        trainer: Trainer,
        *,
        builder: Builder = "cloud",
        timeout: int = 3600,
        max_mb: int = 500,
        say: Say = print,
    ) -> str:
        """Build and push the training image of a trainer, unless the same is there already.

        The same sources have the same tag, on any machine, and are built once. What is built is
        the folder that holds the trainer's package, by the `Dockerfile` in the package or beside
        it, without what `.dockerignore` leaves out; without a Dockerfile it is the package and
        what it imports beside it, on TensorFlow. Version control, caches and files that may hold
        secrets are never sent.

        Args:
            trainer: Its code is what goes into the image.
            builder: `cloud` for Cloud Build, `docker` for Docker on this machine.
            timeout: How long Cloud Build may take, in seconds, up to 86400.
            max_mb: How many MB of files may be sent at most.
            say: Called with each line of the log.

        Returns:
            URI of the image with its digest; runs find it by themselves.

        Raises:
            SettingError: The sources cannot be sent; with the reason.
            ImageBuildFailed: The image was not built or not pushed; with the first error in the
                log, the cause and the fix.
        """
        from vertex_flow.gcp.images import build_image

        with self.apis as apis:
            return build_image(
                self, apis, trainer, builder=builder, timeout=timeout, max_mb=max_mb, say=say
            )

    def clean(self, *, dry_run: bool = False, older_than: str = "1d") -> Leftovers:
        """List what runs have left that costs money, and remove what has expired.

        What is removed are endpoints whose `Deploy(expires=...)` has passed, with the models on
        them; everything else is only listed. On this machine it is about the standing engine.

        Args:
            dry_run: Whether to list only.
            older_than: Age from which a job that still waits or runs is listed: `"8h"`, `"1d"`.

        Returns:
            What is left, and what was removed or could not be.
        """
        from vertex_flow.gcp.clean import clean

        return clean(self.vertex, dry_run=dry_run, older_than=older_than)

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

        sdk = Sdk(
            project=self.project, location=self.location, staging_bucket=f"gs://{self.bucket}"
        )
        if self.home is None:
            return sdk.at_cloud({**self._sdk_settings, **settings})
        from vertex_flow.engine.joining import join

        engine = join(self.home, port=self.port)
        api = LocalApi(endpoint=engine.endpoint, token_file=engine.home / "token")
        return sdk.at_engine(api, settings, _end(engine))

    @property
    def _sdk_settings(self) -> dict[str, Any]:
        """What `aiplatform.init` is told of this project, where something is said of it."""
        given = {
            "credentials": self.credentials,
            "network": self.network,
            "encryption_spec_key_name": self.encryption_key,
            "api_endpoint": self.endpoints.get("aiplatform"),
        }
        return {name: value for name, value in given.items() if value is not None}


def _end(engine: LocalEngine) -> Callable[[], None]:
    """Give what ends an engine, unless earlier runs of this process need it."""
    return (lambda: None) if engine.shared else engine.close
