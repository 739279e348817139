"""The message that starts a run, and its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1
from google.protobuf import json_format

from tests.cloud.docker_images import DockerImages
from tests.cloud.fake import fake_cloud
from tests.samples import Source, Spend
from vertex_flow import Flow, GcpContext, Param, Trainer
from vertex_flow.errors import SettingError
from vertex_flow.gcp.images.build_context import collect
from vertex_flow.runs.options import Settled, settle
from vertex_flow.runs.submission import parameter_values, pipeline_job
from vertex_flow.stages import ImportDataset, Preprocess, Train

FLOW = Flow("sample", [Source(size=Param("size", 3)), Spend(amount=Param("amount", 0.5))])
CLOUD = GcpContext(project="acme", service_account="robot@acme.iam.gserviceaccount.com")


@pytest.fixture
def local(tmp_path: Path) -> GcpContext:
    return GcpContext.local(tmp_path)


def message_of(
    context: GcpContext, enable_caching: bool | None = None, **options: Any
) -> aiplatform_v1.PipelineJob:
    settled = settle(context, options)
    return pipeline_job(FLOW.graph, context, {}, options=settled, enable_caching=enable_caching)


def spec_of(context: GcpContext, **options: Any) -> Any:
    job = message_of(context, **options)
    return json_format.MessageToDict(type(job).pb(job).pipeline_spec)


def message(values: Any, flow: Flow = FLOW) -> str:
    with pytest.raises(SettingError) as caught:
        parameter_values(flow.graph, CLOUD, values)
    return str(caught.value)


def test_the_same_spec_goes_to_this_machine_and_to_the_cloud(local: GcpContext) -> None:
    assert spec_of(local) == spec_of(CLOUD)


def test_the_spec_is_the_compiled_file(tmp_path: Path) -> None:
    path = FLOW.compile(tmp_path / "sample.yaml")
    assert spec_of(CLOUD) == yaml.safe_load(path.read_text())


def test_the_context_says_where_artifacts_go(local: GcpContext) -> None:
    job = message_of(local)
    assert job.runtime_config.gcs_output_directory == local.pipeline_root


def test_the_context_says_who_runs_it() -> None:
    job = message_of(CLOUD)
    assert (job.display_name, job.service_account) == ("sample", CLOUD.service_account)


def test_values_keep_their_types() -> None:
    values = {"a": 1, "b": 0.5, "c": "x", "d": True, "e": [1, {"f": None}]}
    job = pipeline_job(FLOW.graph, CLOUD, values, options=Settled())
    sent = type(job).pb(job).runtime_config.parameter_values
    assert {name: json_format.MessageToDict(value) for name, value in sent.items()} == values


@pytest.mark.parametrize("enabled", [True, False])
def test_caching_is_turned_on_or_off_for_every_task(enabled: bool) -> None:
    spec = spec_of(CLOUD, enable_caching=enabled)
    dags = [spec["root"], *spec["components"].values()]
    tasks = [task for one in dags for task in one.get("dag", {}).get("tasks", {}).values()]
    assert {task["cachingOptions"]["enableCache"] for task in tasks} == {enabled}


def test_options_stand_where_googles_client_puts_them() -> None:
    key = "projects/acme/locations/us-central1/keyRings/r/cryptoKeys/k"
    network = "projects/1/global/networks/n"
    job = message_of(CLOUD, network=network, encryption_key=key, failure_policy="fast")
    assert (job.network, job.encryption_spec.kms_key_name) == (network, key)
    assert job.runtime_config.failure_policy.name == "PIPELINE_FAILURE_POLICY_FAIL_FAST"


def test_without_options_their_fields_are_left_out() -> None:
    plain = json_format.MessageToDict(aiplatform_v1.PipelineJob.pb(message_of(CLOUD)))
    assert sorted(plain) == [
        "displayName",
        "labels",
        "pipelineSpec",
        "runtimeConfig",
        "serviceAccount",
    ]
    assert list(plain["runtimeConfig"]) == ["gcsOutputDirectory"]


def test_labels_of_the_context_and_the_run_and_the_flows_name() -> None:
    context = GcpContext(project="acme", labels={"team": "vision", "stage": "dev"})
    job = message_of(context, labels={"stage": "prod"})
    assert dict(job.labels) == {"team": "vision", "stage": "prod", "vertex-flow-flow": "sample"}


def test_an_unknown_parameter_has_its_nearest_name() -> None:
    assert message({"sise": 4}) == (
        "flow 'sample' has no parameter 'sise'; it has size, amount. Did you mean 'size'?"
    )


def test_a_flow_without_parameters_takes_none() -> None:
    assert message({"size": 4}, Flow("plain", [Source()])) == (
        "flow 'plain' has no parameter 'size'; it has none."
    )


@pytest.mark.parametrize(
    ("value", "kind"), [("4", "a str"), (4.5, "a float"), (True, "a bool"), (None, "a NoneType")]
)
def test_a_value_of_a_wrong_type(value: Any, kind: str) -> None:
    assert message({"size": value}) == (f"parameter 'size' needs an int, and {value!r} is {kind}.")


def test_a_value_that_is_not_finite() -> None:
    assert message({"amount": float("nan")}) == (
        "parameter 'amount' needs a finite number, and nan is none."
    )


def test_an_int_does_for_a_float() -> None:
    assert parameter_values(FLOW.graph, CLOUD, {"amount": 2}) == {"amount": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "task.py").write_text("")
    return tmp_path


def training(*trainers: Trainer) -> Flow:
    stages = [Train(one, name=f"train-{index}") for index, one in enumerate(trainers)]
    return Flow("sample", [ImportDataset("gs://b/x"), Preprocess(), *stages])


def test_the_cloud_supplies_the_training_image_that_it_was_given(folder: Path) -> None:
    flow = training(Trainer(module="one.task", source=str(folder)))
    cloud = GcpContext(project="acme", training_image="mine:1")
    assert parameter_values(flow.graph, cloud, {}) == {"training_image": "mine:1"}


def test_the_cloud_supplies_the_image_of_the_sources(folder: Path) -> None:
    trainer = Trainer(module="one.task", source=str(folder))
    images, digest = DockerImages(), f"sha256:{'1' * 64}"
    with registry(images) as cloud:
        images.push(f"{cloud.registry}/trainer:{collect(trainer).tag}", digest)
        values = parameter_values(training(trainer).graph, cloud, {})
    assert values == {"training_image": f"{cloud.registry}/trainer@{digest}"}


def test_sources_that_no_image_was_built_of(folder: Path) -> None:
    flow = training(Trainer(module="one.task", source=str(folder)))
    with (
        registry(DockerImages()) as cloud,
        pytest.raises(SettingError, match=r"no image of the trainer 'one\.task' as it is now"),
    ):
        parameter_values(flow.graph, cloud, {})


@contextmanager
def registry(images: DockerImages) -> Iterator[GcpContext]:
    with fake_cloud() as cloud:
        images.serve(cloud)
        yield GcpContext(
            project="acme",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            api_endpoints={"artifactregistry": cloud.url},
        )


def test_this_machine_supplies_the_source_folder(folder: Path, local: GcpContext) -> None:
    flow = training(Trainer(module="one.task", source=str(folder)))
    image = parameter_values(flow.graph, local, {})["training_image"]
    assert image.startswith(f"{folder.as_uri()}@sha256:")


def test_an_image_that_the_user_gives_stays(folder: Path, local: GcpContext) -> None:
    flow = training(Trainer(module="one.task", source=str(folder)))
    given = {"training_image": "mine:1"}
    assert parameter_values(flow.graph, local, given) == given


def test_a_trainer_with_an_image_of_its_own_needs_none(local: GcpContext) -> None:
    flow = training(Trainer(module="one.task", image="mine:1"))
    assert parameter_values(flow.graph, local, {}) == {}


def test_a_parameter_that_only_has_the_name_of_the_image(local: GcpContext) -> None:
    flow = Flow("sample", [Spend(amount=Param("training_image", 1.0))])
    assert parameter_values(flow.graph, local, {}) == {}


def test_trainers_of_one_package_share_an_image(folder: Path, local: GcpContext) -> None:
    trainer = Trainer(module="one.task", source=str(folder))
    values = parameter_values(training(trainer, trainer).graph, local, {})
    assert list(values) == ["training_image"]


def test_trainers_of_two_packages_cannot_share_an_image(folder: Path, local: GcpContext) -> None:
    flow = training(*[Trainer(module=f"{one}.task", source=str(folder)) for one in ("one", "two")])
    with pytest.raises(SettingError, match="code in different packages, and one training image"):
        parameter_values(flow.graph, local, {})


def test_a_missing_training_module(folder: Path, local: GcpContext) -> None:
    flow = training(Trainer(module="one.tsak", source=str(folder)))
    with pytest.raises(SettingError, match=r"Did you mean 'one\.task'\?"):
        parameter_values(flow.graph, local, {})


BOARD = "projects/acme/locations/us-central1/tensorboards/1"


def test_training_logs_to_the_tensorboard_of_the_run(folder: Path) -> None:
    flow = training(Trainer(module="one.task", image="mine:1"))
    options = settle(CLOUD, {"tensorboard": BOARD})
    assert parameter_values(flow.graph, CLOUD, {}, options) == {
        "tensorboard": BOARD,
        "training_service_account": CLOUD.service_account,
    }


def test_a_tensorboard_that_the_user_gives_stays(folder: Path) -> None:
    flow = training(Trainer(module="one.task", image="mine:1"))
    options = settle(CLOUD, {"tensorboard": BOARD})
    values = parameter_values(flow.graph, CLOUD, {"tensorboard": ""}, options)
    assert values["tensorboard"] == ""


def test_a_flow_that_trains_nothing_takes_no_tensorboard() -> None:
    assert parameter_values(FLOW.graph, CLOUD, {}, settle(CLOUD, {"tensorboard": BOARD})) == {}
