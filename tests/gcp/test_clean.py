"""What runs have left over: listed and removed, on the engine by the client of the cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform_v1
from google_cloud_pipeline_components.types.artifact_types import VertexEndpoint

from tests.loopback import PARENT, Loopback, error, serving
from tests.samples import Fit, Sleep, Source
from vertex_flow import (
    Flow,
    GcpContext,
    Inputs,
    Outputs,
    Stage,
    Value,
    stage,
)
from vertex_flow.calls import Patience
from vertex_flow.client import Client
from vertex_flow.components import FindOrCreateEndpointOp
from vertex_flow.errors import ApiError, EngineError, SettingError
from vertex_flow.gcp.clean import Leftover, Leftovers, clean
from vertex_flow.runs import submission
from vertex_flow.runs.options import Settled
from vertex_flow.testing import VertexEngine

PAST = {"vertex-flow-flow": "mnist", "vertex-flow-expires": "2026-01-01t00-00-00z"}
NEVER = {"vertex-flow-flow": "mnist"}
NOON = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)
MACHINE = {"machine_spec": {"machine_type": "n1-standard-2"}, "min_replica_count": 1}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VertexEngine]:
    with VertexEngine.start(tmp_path_factory.mktemp("clean") / "home") as engine:
        yield engine


@pytest.fixture(scope="module")
def model(engine: VertexEngine) -> str:
    """A model whose server answers at once."""
    client = engine.context.vertex
    command = ["python", str(Path(__file__).parent.parent / "engine" / "flower_server.py")]
    spec = {"image_uri": "europe-docker.pkg.dev/acme/x/flowers:1", "command": command}
    operation = engine.client(aiplatform_v1.ModelServiceClient).upload_model(
        parent=client.parent, model={"display_name": "rose", "container_spec": spec}
    )
    client._done(operation)
    return str(client.read(operation.operation.name)["response"]["model"])


class Site:
    """The engine's endpoints, as a run makes them."""

    def __init__(self, engine: VertexEngine) -> None:
        self.client = engine.context.vertex
        self._google = engine.client(aiplatform_v1.EndpointServiceClient)

    def endpoint(self, name: str, labels: dict[str, str]) -> str:
        endpoint = {"display_name": name, "labels": labels}
        operation = self._google.create_endpoint(parent=self.client.parent, endpoint=endpoint)
        self.client._done(operation)
        return str(self.client.read(operation.operation.name)["response"]["name"])

    def deploy(self, endpoint: str, model: str, split: dict[str, int]) -> None:
        deployed = {"model": model, "dedicated_resources": MACHINE, "display_name": "rose"}
        self.client._done(
            self._google.deploy_model(
                endpoint=endpoint, deployed_model=deployed, traffic_split=split
            )
        )

    def names(self) -> list[str]:
        return [one.name for one in self.client.endpoints("")]


@pytest.fixture
def site(engine: VertexEngine) -> Iterator[Site]:
    site = Site(engine)
    yield site
    for name in site.names():
        site.client._call(
            site.client._endpoints.update_endpoint,
            endpoint={"name": name, "labels": PAST},
            update_mask="labels",
        )
    assert clean(site.client, dry_run=False).failed == {}


def test_nothing_is_left(engine: VertexEngine) -> None:
    found = engine.context.clean()
    assert (found.rows, found.exit_code) == ((), 0)
    assert str(found) == "Nothing is left over in projects/local/locations/us-central1."


def test_an_expired_endpoint_goes_with_its_models(site: Site, model: str) -> None:
    name = site.endpoint("flowers", PAST)
    site.deploy(name, model, {"0": 100})
    first = site.client.get_endpoint(name).deployed_models[0].id
    site.deploy(name, model, {"0": 40, first: 60})
    site.deploy(name, model, {"0": 0, first: 100})
    found = clean(site.client, dry_run=False)
    assert (found.removed, site.names()) == ((name,), [])
    assert [row.state for row in found.rows] == ["serves 100 %", "idle", "idle"]


def test_models_that_share_the_traffic_come_off_one_after_the_other(site: Site, model: str) -> None:
    name = site.endpoint("flowers", PAST)
    site.deploy(name, model, {"0": 100})
    first = site.client.get_endpoint(name).deployed_models[0].id
    site.deploy(name, model, {"0": 40, first: 60})
    assert clean(site.client, dry_run=False).removed == (name,)


def test_what_has_not_expired_stays(site: Site) -> None:
    kept = [site.endpoint("forever", NEVER), site.endpoint("theirs", {})]
    kept.append(site.endpoint("later", {**NEVER, "vertex-flow-expires": "2999-01-01t00-00-00z"}))
    kept.append(site.endpoint("odd", {**NEVER, "vertex-flow-expires": "soon"}))
    found = clean(site.client, dry_run=False)
    assert (found.removed, sorted(site.names())) == ((), sorted(kept))
    assert sorted(row.title for row in found.rows) == ["forever", "later", "odd"]


def test_the_moment_of_the_end_is_past(site: Site) -> None:
    name = site.endpoint("x", {"vertex-flow-expires": "2026-11-27t12-00-00z"})
    early = clean(site.client, dry_run=True, now=NOON - timedelta(seconds=1))
    assert (early.expired, clean(site.client, dry_run=True, now=NOON).expired) == ((), (name,))


def test_a_dry_run_removes_nothing(site: Site) -> None:
    name = site.endpoint("flowers", PAST)
    found = clean(site.client, dry_run=True)
    assert (found.expired, found.removed, site.names()) == ((name,), (), [name])
    assert str(found).endswith(f"\nhas expired: {name}")


@pytest.mark.parametrize("left", [0, *range(5, 9)])
def test_what_is_interrupted_is_completed_by_the_next_call(
    site: Site, model: str, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = site.endpoint("flowers", PAST)
    site.deploy(name, model, {"0": 100})
    call, count = Client._call, iter(range(left))

    def interrupted(self: Client, method: Any, **arguments: Any) -> Any:
        if next(count, None) is None:
            raise KeyboardInterrupt
        return call(self, method, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Client, "_call", interrupted)
        with pytest.raises(KeyboardInterrupt):
            clean(site.client, dry_run=False)
    assert clean(site.client, dry_run=False).removed == (name,)
    assert site.names() == []


def test_an_endpoint_that_is_renewed_meanwhile_stays(
    site: Site, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = site.endpoint("flowers", PAST)
    site.deploy(name, model, {"0": 100})
    undeploy = Client.undeploy_model

    def renewed(self: Client, *args: Any) -> None:
        undeploy(self, *args)
        changed = {"name": name, "labels": NEVER}
        self._call(self._endpoints.update_endpoint, endpoint=changed, update_mask="labels")

    monkeypatch.setattr(Client, "undeploy_model", renewed)
    assert clean(site.client, dry_run=False).removed == ()
    assert site.names() == [name]


def test_what_a_deployment_needs_for_some_time_goes_after_it(
    engine: VertexEngine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERTEX_FLOW_API_ENDPOINT", engine.endpoint)
    monkeypatch.setenv("VERTEX_FLOW_API_TOKEN", engine.token)
    monkeypatch.setenv("VERTEX_AI_PIPELINES_RUN_LABELS", '{"vertex-flow-flow": "mnist"}')
    place = {"project": "local", "location": "us-central1"}

    def found(**settings: Any) -> str:
        artifact = VertexEndpoint()
        FindOrCreateEndpointOp.python_func(
            display_name="digits", endpoint=artifact, **place, **settings
        )
        return str(artifact.metadata["resourceName"])

    def expired(hours: float) -> tuple[str, ...]:
        now = datetime.now(timezone.utc) + timedelta(hours=hours)
        return clean(site.client, dry_run=True, now=now).expired

    name = found(expires="2h")
    assert (expired(1.9), expired(2.1)) == ((), (name,))
    assert found(expires="1d") == name
    assert (expired(2.1), expired(24.1)) == ((), (name,))
    assert found() == name
    assert expired(999) == ()
    assert site.client.get_endpoint(name).labels == {"vertex-flow-flow": "mnist"}


@stage
class Open(Stage):
    """Finds or creates an endpoint, as `Deploy` does."""

    expires: Value[str] = "8h"

    def emit(self, io: Inputs) -> Outputs:
        FindOrCreateEndpointOp(
            display_name=io.flow,
            project="{{$.pipeline_google_cloud_project_id}}",
            location="{{$.pipeline_google_cloud_location}}",
            labels={"vertex-flow-flow": io.flow},
            expires=io.expires,
        )
        return {}


def test_what_a_run_needs_for_some_time_goes_after_it(engine: VertexEngine, site: Site) -> None:
    run = Flow("open", [Open()]).run(engine.context, progress=None)
    (name,) = site.names()
    labels = site.client.get_endpoint(name).labels
    assert labels["vertex-flow-flow"] == "open"
    assert labels["vertex-ai-pipelines-run-billing-id"].isdigit()
    later = datetime.now(timezone.utc) + timedelta(hours=8)
    assert clean(site.client, dry_run=False).removed == ()
    assert clean(site.client, dry_run=False, now=later).removed == (name,)
    assert run.state == "SUCCEEDED"


def test_jobs_and_schedules_are_listed(engine: VertexEngine) -> None:
    client = engine.context.vertex
    graph = Flow("waits", [Sleep()]).graph
    message = submission.pipeline_job(
        graph, engine.context, {}, options=Settled(), enable_caching=False
    )
    message.labels["vertex-flow-flow"] = "waits"
    job = client.create_pipeline_job("waits-1", message)
    schedule = Flow("nightly", [Source(), Fit()]).schedule(engine.context, "0 3 * * *").pause()
    later = datetime.now(timezone.utc) + timedelta(hours=3)
    found = clean(client, dry_run=False, older_than="2h", now=later)
    young = clean(client, dry_run=False, older_than="4h", now=later)
    client.cancel_pipeline_job(job.name)
    schedule.delete()
    assert [(row.kind, row.title, row.flow) for row in found.rows] == [
        ("pipeline", "waits", "waits"),
        ("schedule", "nightly", "nightly"),
    ]
    assert [row.kind for row in young.rows] == ["schedule"]
    assert found.rows[1].state == "paused"


@pytest.mark.parametrize("text", ["", "1", "soon", 5, None])
def test_an_age_that_is_none(engine: VertexEngine, text: Any) -> None:
    with pytest.raises(SettingError, match=r"^clean\(older_than="):
        engine.context.clean(older_than=text)


def test_this_machine_needs_a_standing_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no engine stands in"):
        GcpContext.local(tmp_path).clean()


# The cloud, by the same client.


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as server:
        for collection in (
            "endpoints",
            "pipelineJobs",
            "customJobs",
            "hyperparameterTuningJobs",
            "schedules",
        ):
            server.on(f"GET /v1/{PARENT}/{collection}", {})
        yield server


@pytest.fixture
def client(server: Loopback) -> Client:
    return Client(server.url, PARENT, "secret", patience=Patience(sleep=lambda _: None))


def endpoint(number: int, **more: Any) -> dict[str, Any]:
    return {
        "name": f"{PARENT}/endpoints/{number}",
        "displayName": "digits",
        "labels": PAST,
        "createTime": "2026-11-24T12:00:00Z",
        **more,
    }


def test_what_cannot_be_removed_is_said(server: Loopback, client: Client) -> None:
    one, two = endpoint(1), endpoint(2)
    server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": [one, two]})
    server.on(f"GET /v1/{one['name']}", one)
    server.on(f"GET /v1/{two['name']}", two)
    refusal = error(403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.delete' denied")
    server.on(f"DELETE /v1/{one['name']}", refusal, code=403)
    server.on(f"DELETE /v1/{two['name']}", {"name": "operations/1"})
    server.on("GET /v1/operations/1", {"name": "operations/1"}, {"done": True})
    found = clean(client, dry_run=False, now=NOON)
    assert (found.removed, [*found.failed], found.exit_code) == ((two["name"],), [one["name"]], 1)
    assert found.failed[one["name"]].startswith("403 PERMISSION_DENIED: Permission 'aiplatform.")


def test_an_endpoint_that_somebody_else_removed(server: Loopback, client: Client) -> None:
    one = endpoint(1)
    server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": [one]})
    assert clean(client, dry_run=False, now=NOON).removed == (one["name"],)


def test_a_model_that_does_not_come_off(server: Loopback, client: Client) -> None:
    one = endpoint(1, deployedModels=[{"id": "7"}])
    server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": [one]})
    server.on(f"GET /v1/{one['name']}", one)
    failed = {"done": True, "error": {"code": 9, "message": "it is busy"}}
    server.on(f"POST /v1/{one['name']}:undeployModel", {"name": "operations/1", **failed})
    assert clean(client, dry_run=False, now=NOON).failed == {
        one["name"]: "400 FAILED_PRECONDITION: it is busy (operations/1)"
    }
    server.on(f"POST /v1/{one['name']}:undeployModel", {"name": "operations/2", "done": True})
    assert clean(client, dry_run=False, now=NOON).failed == {
        one["name"]: f"409 ABORTED: the model 7 does not come off {one['name']}"
    }


def test_a_list_that_is_refused(server: Loopback, client: Client) -> None:
    server.on(f"GET /v1/{PARENT}/schedules", error(404, "NOT_FOUND", "no"), code=404)
    with pytest.raises(ApiError, match="404 NOT_FOUND: no"):
        clean(client, dry_run=True)


def test_the_machines_of_deployments_and_jobs(server: Loopback, client: Client) -> None:
    spec = {
        "machineType": "n1-standard-8",
        "acceleratorType": "NVIDIA_TESLA_T4",
        "acceleratorCount": 2,
    }
    pools = [{"machineSpec": spec, "replicaCount": 1}, {"machineSpec": spec, "replicaCount": 2}]
    own = {"id": "7", "dedicatedResources": {"machineSpec": spec, "minReplicaCount": 2}}
    busy = {**own, "status": {"availableReplicaCount": 5}}
    automatic = {"id": "8", "automaticResources": {"minReplicaCount": 1}}
    models = {"deployedModels": [own, busy, automatic, {"id": "9"}]}
    job = {
        "displayName": "train",
        "labels": NEVER,
        "state": "JOB_STATE_RUNNING",
        "createTime": "2026-01-01T00:00:00Z",
    }
    server.on(f"GET /v1/{PARENT}/endpoints", {"endpoints": [endpoint(1, **models)]})
    custom = {**job, "name": "c", "jobSpec": {"workerPoolSpecs": pools}}
    server.on(f"GET /v1/{PARENT}/customJobs", {"customJobs": [custom, {**custom, "labels": {}}]})
    trial = {"trialJobSpec": {"workerPoolSpecs": pools}, "parallelTrialCount": 2}
    tuning = {"hyperparameterTuningJobs": [{**job, **trial, "name": "t"}]}
    server.on(f"GET /v1/{PARENT}/hyperparameterTuningJobs", tuning)
    found = clean(client, dry_run=True, now=NOON)
    machine = "n1-standard-8 + 2 NVIDIA_TESLA_T4"
    assert [(row.kind, row.machine, row.machines) for row in found.rows] == [
        ("deployment", machine, 2),
        ("deployment", machine, 5),
        ("deployment", "automatic", 1),
        ("deployment", "", 0),
        ("custom job", machine, 3),
        ("tuning job", machine, 6),
    ]
    assert found.machines == 17


def leftovers(**more: Any) -> Leftovers:
    rows = (
        Leftover(
            kind="deployment",
            name="e/1",
            title="digits/rose\x1b[2J",
            flow="mnist",
            state="serves 80 %",
            created=NOON - timedelta(days=3, hours=1),
            expires=NOON - timedelta(hours=2),
            machine="n1-standard-2",
            machines=2,
        ),
        Leftover(
            kind="endpoint",
            name="e/2",
            title="an-endpoint-with-quite-a-long-name-that-goes-on",
            flow="mnist",
            state="empty",
            created=NOON - timedelta(minutes=5),
            expires=NOON + timedelta(days=1),
        ),
        Leftover(
            kind="schedule", name="s/1", title="nightly", flow="mnist", state="paused", created=NOON
        ),
    )
    return Leftovers(parent=PARENT, now=NOON, rows=rows, **more)


def test_it_prints_as_a_table() -> None:
    text = str(
        leftovers(expired=("e/1", "e/3"), removed=("e/1",), failed={"e/3": "403 no\n  Fix: \x07"})
    )
    assert text == (
        "what        title                     state        age  expires  machines\n"
        "deployment  digits/rose\\x1b[2J        serves 80 %  3d   2h ago   2 n1-standard-2\n"
        "endpoint    an-endpoint-with-quite-…  empty        5m   in 1d    -\n"
        "schedule    nightly                   paused       0m   -        -\n"
        "\n"
        f"0 machine-hours an hour in {PARENT}\n"
        "removed: e/1\n"
        "not removed: e/3: 403 no\n"
        "  Fix: \\x07"
    )


def test_its_lines_fit_a_terminal() -> None:
    assert max(map(len, str(leftovers()).splitlines())) <= 80


def test_it_is_json() -> None:
    plain = json.loads(json.dumps(leftovers(removed=("e/1",)).as_json()))
    assert (plain["machines"], plain["removed"]) == (0, ["e/1"])
    assert plain["rows"][1] == {
        "kind": "endpoint",
        "name": "e/2",
        "title": "an-endpoint-with-quite-a-long-name-that-goes-on",
        "flow": "mnist",
        "state": "empty",
        "created": "2026-11-27T11:55:00+00:00",
        "expires": "2026-11-28T12:00:00+00:00",
        "machine": "",
        "machines": 0,
    }
