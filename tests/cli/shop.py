"""A place where something has run, is registered and is deployed, and commands given there."""

# No `from __future__ import annotations`: KFP reads the annotations of its components.
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner, Result
from google.cloud import aiplatform_v1
from kfp import dsl
from kfp.dsl import Dataset, Input

from tests.engine.clients import connect
from tests.samples import IMAGE, Source
from vertex_flow import Flow, GcpContext, In, Inputs, Outputs, Run, Stage, Value, stage
from vertex_flow.cli.main import vertex_flow
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.errors import RunFailed
from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel

SERVER = Path(__file__).parent.parent / "engine" / "flower_server.py"
PARENT = "projects/local/locations/us-central1"
HOSTILE = "[red]<script>alert(1)</script>\x1b[31m\u202e"
PRINTED = "[red]<script>alert(1)</script>\\x1b[31m\\u202e"
LABELS = {"vertex-flow-expires": "2026-12-01t08-00-00z"}


@dsl.component(base_image=IMAGE)
def be_fussy(data: Input[Dataset], flag: str) -> None:
    """Fail, unless a file is there."""
    import os

    print("[red]<script>alert(1)</script>\x1b[31m\u202e")
    if not os.path.exists(flag):
        raise RuntimeError("no flag")


@stage
class Fussy(Stage):
    """Fails, unless a file is there.

    Attributes:
        data: Data.
        flag: The file.
    """

    data: In[Dataset] = In()
    flag: Value[str] = ""

    def emit(self, io: Inputs) -> Outputs:
        be_fussy(data=io.data, flag=io.flag)
        return {}


@attrs.frozen
class Shop:
    """A folder with an engine that stands, as long as the tests do.

    Attributes:
        home: The folder.
        done: Id of a run that has succeeded, of the flow `line`.
        failed: Id of the newest run, which has failed, of the flow `fussy`.
        flag: The file without which runs of the flow `fussy` fail.
        model: The model, of two versions; the first is deployed.
        endpoint: The endpoint `garden`.
    """

    home: Path
    done: str
    failed: str
    flag: Path
    model: RegisteredModel
    endpoint: DeployedEndpoint

    @property
    def context(self) -> GcpContext:
        """The place."""
        return GcpContext.local(self.home)

    def __call__(self, *words: str, typed: str | None = None, **env: str) -> Result:
        """Give a command, in this process."""
        return ask(*words, typed=typed, VERTEX_FLOW_HOME=str(self.home), **env)

    def json(self, *words: str) -> Any:
        """Give a command with `--json`, and read what it prints."""
        return json.loads(self(*words, "--json").stdout)


def ask(*words: str, typed: str | None = None, **env: str) -> Result:
    """Give a command in this process, as off a terminal."""
    runner = CliRunner(env={"COLUMNS": None, **env})
    return runner.invoke(vertex_flow, words, input=typed, prog_name="vertex-flow")


@contextmanager
def open_shop(home: Path) -> Iterator[Shop]:
    """Have something run in a folder, and serve what came out of it until the block ends."""
    flag = home.parent / "flag"
    with EmbeddedEngine.start(home, standing=True) as engine:
        context = GcpContext.local(home)
        done = Flow("line", [Source()]).run(context, progress=None).job_id
        failed = fail(context, flag)
        model = _upload(engine, "rose", labels={"team": "vision"})
        _upload(engine, HOSTILE, parent_model=model, version_aliases=["best"])
        _deploy(engine, model)
        (endpoint,) = DeployedEndpoint.list(context)
        first = next(one for one in RegisteredModel.list(context) if one.version == "1")
        yield Shop(home, done, failed, flag, first, endpoint)


def fail(context: GcpContext, flag: Path) -> str:
    """Have a run fail after its first stage, and give its id."""
    try:
        Flow("fussy", [Source(), Fussy(flag=str(flag))]).run(context, progress=None)
    except RunFailed:
        return Run.newest(context).job_id
    raise AssertionError("it succeeded")


def _upload(engine: EmbeddedEngine, name: str, parent_model: str = "", **more: Any) -> str:
    image = "europe-docker.pkg.dev/acme/x/flowers:1"
    spec = {"image_uri": image, "command": ["python", str(SERVER)]}
    model = {"display_name": name, "container_spec": spec, **more}
    client = connect(aiplatform_v1.ModelServiceClient, engine)
    request = {"parent": PARENT, "model": model, "parent_model": parent_model}
    return str(client.upload_model(request=request).result().model)


def _deploy(engine: EmbeddedEngine, model: str) -> None:
    client = connect(aiplatform_v1.EndpointServiceClient, engine)
    endpoint = {"display_name": "garden", "labels": LABELS}
    made = client.create_endpoint(parent=PARENT, endpoint=endpoint).result().name
    machine = {"machine_spec": {"machine_type": "n1-standard-2"}, "min_replica_count": 1}
    deployed = {"model": model, "dedicated_resources": machine, "display_name": "rose"}
    split = {"0": 100}
    client.deploy_model(endpoint=made, deployed_model=deployed, traffic_split=split).result()
